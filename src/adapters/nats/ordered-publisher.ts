/**
 * Events into a subject of JetStream. Nothing lost, nothing doubled, in the log's order, whatever restarts:
 *
 * - Every message names the one that must stand before it. Messages are in flight many at a time, but when one is lost the
 *   server refuses all behind it, so that none can overtake. By its id, not by a foretold sequence: a stranger's message would
 *   take the sequence of the one that was lost, and what is behind it would go in. It also makes a second publisher harmless.
 * - After any doubt the last message of ours says how far publishing really came; what stands there is not sent again, however
 *   long ago it was. `Nats-Msg-Id` catches the rest within the server's dedup window.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { headers, type JetStreamClient, type JetStreamPublishOptions, type NatsConnection, type PubAck } from 'nats';
import { comparePositions } from '../../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { Logger } from '../logging/logger.js';
import { toCloudEvent, toCloudEventWithoutData, type CloudEvent } from './cloud-event.js';

/** Messages in flight. More gains nothing on one connection; at 1 kB each it is what a lost answer costs to send again. */
export const IN_FLIGHT = 512;
/** A server that is up answers within milliseconds. */
export const ACK_TIMEOUT_MS = 5_000;
export const CONTENT_TYPE = 'application/cloudevents+json';
export const POSITION_HEADER = 'Teampulse-Position';
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** NATS counts headers to a message's size: ours, and those that say what is expected. */
const HEADER_ROOM = 1_024;
/** Of servers that do not say: NATS' own default. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** What stands at the end of where events go. */
export interface Tail {
  /** Of the last message, whosever it is. */
  readonly sequence: number;
  /** Of our last message; undefined when none is there. */
  readonly position: LogPosition | undefined;
  /** What the stream takes, in bytes with headers; undefined when it sets no bound of its own. */
  readonly maxMessageBytes: number | undefined;
}

/** Where events go. */
export interface Target {
  subjectOf(event: RecordedEvent): string;
  /** Its `Nats-Msg-Id`. */
  messageId(event: RecordedEvent): string;
  /** The stream that takes it, whatever others cover the subject later. */
  readonly streamName: string;
  /** What else the server must find before it takes the first message of a batch; those behind it name the one before them. */
  expectFirst(tail: Tail): JetStreamPublishOptions['expect'];
  /** Headers beside those of every message. */
  readonly headers?: Readonly<Record<string, string>>;
  readTail(): Promise<Tail>;
}

export interface OrderedPublisherOptions {
  readonly connection: NatsConnection;
  readonly target: Target;
  readonly logger: Logger;
  /** Gives up when nothing has gone in for so long; tries for ever when absent. */
  readonly patienceMs?: number;
}

export class OrderedPublisher {
  private readonly connection: NatsConnection;
  private readonly target: Target;
  private readonly logger: Logger;
  private readonly jetStream: JetStreamClient;
  private readonly patienceMs: number;
  private tail: Tail | undefined;
  private doubled = 0;

  constructor({ connection, target, logger, patienceMs = Infinity }: OrderedPublisherOptions) {
    this.connection = connection;
    this.target = target;
    this.logger = logger;
    this.patienceMs = patienceMs;
    this.jetStream = connection.jetstream({ timeout: ACK_TIMEOUT_MS });
  }

  /** How many the dedup window has caught so far: they were there already. */
  get duplicates(): number {
    return this.doubled;
  }

  /** Takes events in log order; returns when every one of them is stored. @throws when `signal` or patience ended it */
  async publish(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
    let pending = events;
    let wait = FIRST_RETRY_MS;
    let progressAt = performance.now();
    while (pending.length > 0) {
      signal.throwIfAborted();
      try {
        const before = pending.length;
        pending = await this.publishSome(pending);
        if (pending.length < before) {
          wait = FIRST_RETRY_MS;
          progressAt = performance.now();
        }
      } catch (error) {
        this.tail = undefined;
        if (performance.now() - progressAt > this.patienceMs) throw error;
        this.logger.warn({ err: error, waitMs: wait }, 'NATS does not take events, will try again');
        await delay(wait, undefined, { signal });
        wait = Math.min(wait * 2, LAST_RETRY_MS);
      }
    }
  }

  /** Sends the next ones and returns what is still to be sent. Throws when none of them went in. */
  private async publishSome(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    const tail = (this.tail ??= await this.target.readTail());
    const { position } = tail;
    const missing = position ? events.filter((event) => comparePositions(event.position, position) > 0) : events;
    if (missing.length === 0) return [];
    const batch = missing.slice(0, IN_FLIGHT);
    const sent = await Promise.allSettled(batch.map(async (event, index) => this.send(event, tail, batch, index)));
    const failed = sent.findIndex((answer) => answer.status === 'rejected');
    const acked = failed < 0 ? batch.length : failed;
    const answers = sent.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const doubled = answers.filter(({ duplicate }) => duplicate).length;
    this.doubled += doubled;
    const last = answers.at(-1);
    // A message that the dedup window caught is not the last one there: ask which is.
    this.tail =
      failed < 0 && doubled === 0 && last
        ? { ...tail, sequence: last.seq, position: batch.at(-1)?.position }
        : undefined;
    const refusal = sent[failed];
    if (acked === 0 && refusal?.status === 'rejected') throw refusal.reason;
    return missing.slice(acked);
  }

  private async send(
    event: RecordedEvent,
    tail: Tail,
    batch: readonly RecordedEvent[],
    index: number,
  ): Promise<PubAck> {
    const message = toCloudEvent(event);
    const before = batch[index - 1];
    const { streamName } = this.target;
    const header = headers();
    header.set('Content-Type', `${CONTENT_TYPE}; charset=UTF-8`);
    header.set(POSITION_HEADER, message.position);
    for (const [name, value] of Object.entries(this.target.headers ?? {})) header.set(name, value);
    return this.jetStream.publish(this.target.subjectOf(event), this.encode(event, message, tail), {
      msgID: this.target.messageId(event),
      headers: header,
      expect: {
        streamName,
        ...(before ? { lastMsgID: this.target.messageId(before) } : this.target.expectFirst(tail)),
      },
    });
  }

  /** What is too large for a message goes without its data: stopping at it would keep back everything behind it for ever. */
  private encode(event: RecordedEvent, message: CloudEvent, { maxMessageBytes = Infinity }: Tail): Uint8Array {
    const limit = Math.min(this.connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD, maxMessageBytes) - HEADER_ROOM;
    const bytes = Buffer.from(JSON.stringify(message));
    if (bytes.length <= limit) return bytes;
    const { id, streamName, revision, type } = event;
    const what = { id, streamName, revision, type, bytes: bytes.length, limit };
    this.logger.warn(what, 'this event is larger than NATS takes: it goes without its data, with a reference to it');
    return Buffer.from(JSON.stringify(toCloudEventWithoutData(event)));
  }
}
