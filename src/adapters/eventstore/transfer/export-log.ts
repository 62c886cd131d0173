/**
 * Every event of a server that a client may read, in the log's order, as bytes: from an EventStoreDB, a KurrentDB or the
 * embedded store. What a server has scavenged is not there any more.
 */
import { BACKWARDS, END, type EventStoreDBClient } from '@eventstore/db-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { ArchivedEvent } from '../../event-archive/archive.js';
import { openRead } from '../client-parts.js';
import { isTransient } from '../failures.js';
import { allForwards, decodeReadAnswer, type WireEvent } from '../read-wire.js';
import { arrivals } from '../reads.js';

export interface ExportOptions {
  /** Also what the server wrote for itself: users, settings, persistent subscriptions, projections. */
  readonly system: boolean;
  /** Told the position that was reached. */
  readonly onPosition: (position: bigint) => void;
}

/** A server that was restarted is there again within this. */
const ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/** Up to the end that the log has when it gets there. */
export async function* exportLog(
  client: EventStoreDBClient,
  { system, onPosition }: ExportOptions,
): AsyncGenerator<readonly ArchivedEvent[]> {
  let last: { commit: bigint; prepare: bigint } | undefined;
  for (let attempt = 1; ;) {
    try {
      const read = await openRead(client, allForwards(last, Number.MAX_SAFE_INTEGER), decodeReadAnswer);
      for await (const answers of arrivals(read, new AbortController().signal)) {
        const events: ArchivedEvent[] = [];
        for (const answer of answers) {
          if (answer.kind !== 'event') continue;
          const { position } = answer.event;
          // The one that reading began with again.
          if (last && position.commit <= last.commit) continue;
          last = position;
          attempt = 1;
          const event = asArchived(answer.event);
          if (system || !isSystems(event)) events.push(event);
        }
        if (events.length > 0) yield events;
        if (last) onPosition(last.commit);
      }
      return;
    } catch (error) {
      if (!isTransient(error) || attempt++ >= ATTEMPTS) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/** Where the log ends now; undefined when it is empty. */
export async function endOfLog(client: EventStoreDBClient): Promise<bigint | undefined> {
  let end: bigint | undefined;
  // To the read's end: the client waits for ever for one that was left.
  for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) {
    end = event?.position?.commit;
  }
  return end;
}

/** The server's own; the metadata of people's streams are theirs. */
export const isSystems = ({ stream }: { readonly stream: string }): boolean =>
  stream.startsWith('$') && !/^\$\$[^$]/.test(stream);

const asArchived = ({
  streamName,
  position,
  revision,
  id,
  type,
  isJson,
  created,
  data,
  metadata,
}: WireEvent): ArchivedEvent => ({
  position: position.commit,
  stream: streamName,
  revision,
  id,
  type,
  isJson,
  // Ticks of 100 ns since the Unix epoch.
  recordedAt: Number(BigInt(created) / 10_000n),
  data,
  metadata,
});
