/**
 * Publishes to NATS JetStream. Nothing lost, nothing doubled, in the log's order, whatever restarts:
 *
 * - Every message says which sequence it expects the stream to be at. Messages are in flight many at a time, but when one is
 *   lost the server refuses all behind it, so that none can overtake. It also makes a second publisher harmless.
 * - After any doubt the stream's own last message says how far publishing really came; what stands there is not sent again,
 *   however long ago it was. `Nats-Msg-Id` (the event's id) catches the rest within the server's dedup window.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  connect,
  DiscardPolicy,
  headers,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
} from 'nats';
import { comparePositions, parsePosition } from '../../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { Logger } from '../logging/logger.js';
import { subjectOf, toCloudEvent } from './cloud-event.js';
import type { EventBus } from './event-bus.js';

export const STREAM = 'TEAMPULSE';
export const SUBJECTS = 'teampulse.>';
/** The server remembers ids this long. Its own default: long enough for a restart, and the last message covers the rest. */
const DEDUP_WINDOW_MS = 120_000;
/** The bus is for delivery, the log for history: an integrator that was away over a long weekend misses nothing. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Messages in flight. More gains nothing on one connection; at 1 kB each it is what a lost answer costs to send again. */
const IN_FLIGHT = 512;
/** A server that is up answers within milliseconds. */
const ACK_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
const POSITION_HEADER = 'Teampulse-Position';

/** What the stream holds at its end. The position is unknown when it is empty or its last message has aged out. */
interface Tail {
  readonly sequence: number;
  readonly position: LogPosition | undefined;
}

export interface JetStreamBusOptions {
  readonly url: string;
  readonly logger: Logger;
}

export class JetStreamBus implements EventBus {
  private tail: Tail | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly jetStream: JetStreamClient,
    private readonly logger: Logger,
  ) {}

  /**
   * Once connected, the connection is made anew for as long as the bus is open.
   * @throws NatsError when no server answers or the login is refused
   */
  static async connect({ url, logger }: JetStreamBusOptions): Promise<JetStreamBus> {
    const { servers, ...login } = splitLogin(url);
    const connection = await connect({
      servers,
      ...login,
      name: 'teampulse-publisher',
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      // A stack trace for every publish, in case it fails, costs as much as the publish.
      noAsyncTraces: true,
    });
    return new JetStreamBus(connection, connection.jetstream({ timeout: ACK_TIMEOUT_MS }), logger);
  }

  async publish(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
    let pending = events;
    let wait = FIRST_RETRY_MS;
    while (pending.length > 0) {
      signal.throwIfAborted();
      try {
        const before = pending.length;
        pending = await this.publishSome(pending);
        if (pending.length < before) wait = FIRST_RETRY_MS;
      } catch (error) {
        this.tail = undefined;
        this.logger.warn({ err: error, waitMs: wait }, 'NATS does not take events, will try again');
        await delay(wait, undefined, { signal });
        wait = Math.min(wait * 2, LAST_RETRY_MS);
      }
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** Sends the next ones and returns what is still to be sent. Throws when none of them went in. */
  private async publishSome(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    const tail = (this.tail ??= await this.readTail());
    const { position } = tail;
    const missing = position ? events.filter((event) => comparePositions(event.position, position) > 0) : events;
    if (missing.length === 0) return [];
    const batch = missing.slice(0, IN_FLIGHT);
    const sent = await Promise.allSettled(batch.map(async (event, index) => this.send(event, tail.sequence + index)));
    const failed = sent.findIndex((answer) => answer.status === 'rejected');
    const acked = failed < 0 ? batch.length : failed;
    const doubled = sent.some((answer) => answer.status === 'fulfilled' && answer.value.duplicate);
    // A message that the dedup window caught did not move the sequence: ask where it is.
    this.tail =
      failed < 0 && !doubled ? { sequence: tail.sequence + batch.length, position: batch.at(-1)?.position } : undefined;
    const refusal = sent[failed];
    if (acked === 0 && refusal?.status === 'rejected') throw refusal.reason;
    return missing.slice(acked);
  }

  private async send(event: RecordedEvent, expectedSequence: number): Promise<{ duplicate: boolean }> {
    const message = toCloudEvent(event);
    const header = headers();
    header.set('Content-Type', 'application/cloudevents+json; charset=UTF-8');
    header.set(POSITION_HEADER, message.position);
    return this.jetStream.publish(subjectOf(event), JSON.stringify(message), {
      msgID: event.id,
      headers: header,
      expect: { streamName: STREAM, lastSequence: expectedSequence },
    });
  }

  private async readTail(): Promise<Tail> {
    const manager = await this.connection.jetstreamManager({ timeout: ACK_TIMEOUT_MS });
    const sequence = await ensureStream(manager);
    if (sequence === 0) return { sequence, position: undefined };
    try {
      const last = await manager.streams.getMessage(STREAM, { seq: sequence });
      return { sequence, position: parsePosition(last.header.get(POSITION_HEADER)) };
    } catch (error) {
      if (isNotFound(error)) return { sequence, position: undefined };
      throw error;
    }
  }
}

/** Makes the stream when there is none; one that an operator has set up otherwise is left as it is. Returns its last sequence. */
async function ensureStream(manager: JetStreamManager): Promise<number> {
  try {
    return (await manager.streams.info(STREAM)).state.last_seq;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const made = await manager.streams.add({
    name: STREAM,
    subjects: [SUBJECTS],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(KEPT_MS),
    duplicate_window: nanos(DEDUP_WINDOW_MS),
  });
  return made.state.last_seq;
}

const isNotFound = (error: unknown): boolean => error instanceof NatsError && error.api_error?.code === 404;

/** The client wants the login beside the address. */
function splitLogin(url: string): { servers: string; user?: string; pass?: string; token?: string } {
  const { protocol, host, username, password } = new URL(url);
  const servers = `${protocol}//${host}`;
  if (username === '') return { servers };
  const user = decodeURIComponent(username);
  return password === '' ? { servers, token: user } : { servers, user, pass: decodeURIComponent(password) };
}
