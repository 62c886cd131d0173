/** A subject of an integrator's own, which events of the log are sent into once more. */
import { randomUUID } from 'node:crypto';
import {
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import { parsePosition } from '../../domain/shared/position.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { Logger } from '../logging/logger.js';
import { connectTo, isNotFound } from './connection.js';
import { DEDUP_WINDOW_MS, KEPT_MS, STREAM, SUBJECTS } from './jetstream-bus.js';
import { ACK_TIMEOUT_MS, OrderedPublisher, POSITION_HEADER, type Tail } from './ordered-publisher.js';

/** Which run a message is of: only of its own does a run conclude how far it came. */
const REPLAY_HEADER = 'Teampulse-Replay';
/** A server that takes nothing for so long needs a person. */
const PATIENCE_MS = 60_000;
/** Of the product itself, of NATS, and of its requests. */
const RESERVED = [SUBJECTS.slice(0, -2), '_INBOX', '$JS', '$SYS', '$KV', '$O'];

/** What is wrong with a subject to replay into; undefined when nothing is. */
export function replaySubjectFault(subject: string): string | undefined {
  if (!/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject) || subject.length > 200)
    return 'a subject is words joined by dots, without wildcards, such as acme.replay';
  const [first = ''] = subject.split('.');
  return RESERVED.includes(first) ? `subjects that begin with ${first} are not yours: name one of your own, such as acme.replay` : undefined; // prettier-ignore
}

export class ReplayTarget {
  private readonly publisher: OrderedPublisher;

  private constructor(
    private readonly connection: NatsConnection,
    /** The JetStream stream that covers the subject. */
    readonly stream: string,
    subject: string,
    logger: Logger,
  ) {
    const run = randomUUID();
    // The dedup window is the stream's: the same event in another subject of it is another message.
    const messageId = (event: RecordedEvent): string => `${subject}:${event.id}`;
    const target = {
      subjectOf: (): string => subject,
      messageId,
      streamName: stream,
      // Others may write to the same stream all the time.
      expectFirst: () => ({}),
      headers: { [REPLAY_HEADER]: run },
      readTail: () => readTail(connection, stream, subject, run),
    };
    this.publisher = new OrderedPublisher({ connection, target, logger, patienceMs: PATIENCE_MS });
  }

  /**
   * Makes a stream for the subject where none covers it.
   * @throws NatsError when no server answers or the login is refused; Error when only the product's own stream covers it
   */
  static async open(url: string, subject: string, logger: Logger): Promise<ReplayTarget> {
    const connection = await connectTo(url, 'teampulse-replay');
    try {
      const manager = await connection.jetstreamManager({ timeout: ACK_TIMEOUT_MS });
      const stream = await streamFor(manager, subject);
      if (stream === STREAM) throw new Error(`the subject ${subject} belongs to the stream ${STREAM} of live events`);
      return new ReplayTarget(connection, stream, subject, logger);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** How many were there already, within the stream's dedup window. */
  get duplicates(): number {
    return this.publisher.duplicates;
  }

  /** In log order; returns when all are stored. @throws when `signal` ends it, or nothing goes in for a minute */
  async publish(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
    await this.publisher.publish(events, signal);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

async function streamFor(manager: JetStreamManager, subject: string): Promise<string> {
  try {
    return await manager.streams.find(subject);
  } catch {
    // The client has no error of its own for "none": whatever else is wrong, adding one says so.
  }
  const made: Partial<StreamConfig> = {
    name: `REPLAY_${subject.replaceAll(/[^\w-]/g, '_')}`,
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(KEPT_MS),
    duplicate_window: nanos(DEDUP_WINDOW_MS),
  };
  return (await manager.streams.add(made)).config.name;
}

async function readTail(connection: NatsConnection, stream: string, subject: string, run: string): Promise<Tail> {
  const manager = await connection.jetstreamManager({ timeout: ACK_TIMEOUT_MS });
  const { config } = await manager.streams.info(stream);
  const maxMessageBytes = config.max_msg_size > 0 ? config.max_msg_size : undefined;
  try {
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    const ours = last.header.get(REPLAY_HEADER) === run;
    const position = ours ? parsePosition(last.header.get(POSITION_HEADER)) : undefined;
    return { sequence: last.seq, position, maxMessageBytes };
  } catch (error) {
    if (isNotFound(error)) return { sequence: 0, position: undefined, maxMessageBytes };
    throw error;
  }
}
