/**
 * A subscription to `$all` that survives what happens to connections.
 *
 *   subscribed ──lost──► waiting ──► subscribed again, after the last item handed out ──…──► ended by the caller's signal
 *                           └── nothing heard for a minute ──► EventStoreUnavailable
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { EventStoreUnavailable } from '../../commands/ports/event-store.errors.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { LoggedEvent, LogItem, SubscribeOptions } from '../../projections/ports/event-log.port.js';
import { openRead } from './client-parts.js';
import type { Connection } from './connection.js';
import type { EventCodec } from './event-codec.js';
import { isTransient } from './failures.js';
import { allSubscription, decodeReadAnswer, type ReadAnswer, type TypeFilter, type WireEvent } from './read-wire.js';
import { arrivals } from './reads.js';

/** How long a store may be away before the subscriber is told. */
const PATIENCE_MS = 60_000;
const BACKOFF_MS = { first: 50, most: 1_000 };
/** Events that the server examines between two checkpoints, so that one who waits for rare events has a recent position. */
const EVENTS_PER_CHECKPOINT = 1_000;

export async function* subscribe(
  connection: Connection,
  codec: EventCodec,
  { after, typePrefixes, signal }: SubscribeOptions,
): AsyncGenerator<readonly LogItem[]> {
  const own = connection.apart();
  try {
    yield* subscribeOver(own, codec, { after, typePrefixes, signal });
  } finally {
    await own.dispose();
  }
}

async function* subscribeOver(
  connection: Connection,
  codec: EventCodec,
  { after, typePrefixes, signal }: SubscribeOptions,
): AsyncGenerator<readonly LogItem[]> {
  let last = after;
  let silentSince: number | undefined;
  let pause = BACKOFF_MS.first;
  while (!signal.aborted) {
    try {
      for await (const batch of subscribeOnce(connection.client, last, filterFor(typePrefixes), signal)) {
        silentSince = undefined;
        pause = BACKOFF_MS.first;
        const items: LogItem[] = [];
        for (const answer of batch) {
          const item = itemOf(answer, codec);
          const position = item && positionOfItem(item);
          // Some servers repeat around a resumption; the log's order makes a repetition plain.
          if (!item || (position && last && position.commit <= last.commit)) continue;
          last = position ?? last;
          items.push(item);
        }
        if (items.length > 0) yield items;
      }
    } catch (error) {
      if (signal.aborted) return;
      // It remembers some failures for its whole life.
      await connection.dispose();
      if (!isTransient(error)) throw error;
      silentSince ??= Date.now();
      if (Date.now() - silentSince > PATIENCE_MS) {
        throw new EventStoreUnavailable(`the event store was away for ${PATIENCE_MS / 1000} s`, { cause: error });
      }
    }
    await delay(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(pause * 2, BACKOFF_MS.most);
  }
}

async function* subscribeOnce(
  client: EventStoreDBClient,
  after: LogPosition | undefined,
  filter: TypeFilter,
  signal: AbortSignal,
): AsyncGenerator<readonly ReadAnswer[]> {
  const request = allSubscription(after, filter, EVENTS_PER_CHECKPOINT);
  yield* arrivals(await openRead(client, request, decodeReadAnswer), signal);
}

const filterFor = (typePrefixes: readonly string[] | undefined): TypeFilter =>
  typePrefixes ? { prefixes: typePrefixes } : { regex: '^[^$]' };

function itemOf(answer: ReadAnswer, codec: EventCodec): LogItem | undefined {
  switch (answer.kind) {
    case 'event':
      return loggedEvent(answer.event, codec);
    case 'checkpoint':
    case 'caughtUp':
      return answer;
    case 'streamNotFound':
    case 'other':
      return undefined;
  }
}

export function loggedEvent(event: WireEvent, codec: EventCodec): LoggedEvent {
  try {
    return { kind: 'event', event: codec.decode(event), bytes: event.data.length };
  } catch (error) {
    const { id, type, streamName, revision, position } = event;
    const cause = error instanceof Error ? error : new Error(String(error));
    return { kind: 'malformed', id, type, streamName, revision: Number(revision), position, error: cause };
  }
}

function positionOfItem(item: LogItem): LogPosition | undefined {
  if (item.kind === 'event') return item.event.position;
  return item.kind === 'caughtUp' ? undefined : item.position;
}
