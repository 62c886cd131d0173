/** Publishes every event to the product's own stream of NATS JetStream; how, see `OrderedPublisher`. */
import {
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type NatsConnection,
  type StreamInfo,
  type StreamState,
} from 'nats';
import { parsePosition } from '../../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { Logger } from '../logging/logger.js';
import { subjectOf } from './cloud-event.js';
import { connectTo, isNotFound } from './connection.js';
import type { EventBus } from './event-bus.js';
import { ACK_TIMEOUT_MS, OrderedPublisher, POSITION_HEADER, type Tail, type Target } from './ordered-publisher.js';

export const STREAM = 'TEAMPULSE';
export const SUBJECTS = 'teampulse.>';
/** The server remembers ids this long. Its own default: long enough for a restart, and the last message covers the rest. */
export const DEDUP_WINDOW_MS = 120_000;
/** The bus is for delivery, the log for history: an integrator that was away over a long weekend misses nothing. */
export const KEPT_MS = 7 * 24 * 3_600_000;

/** Looked through one by one for our own last message. Behind more of them the dedup window alone keeps it from coming twice. */
const MOST_STRANGERS = 1_000;

export interface JetStreamBusOptions {
  readonly url: string;
  readonly logger: Logger;
}

export class JetStreamBus implements EventBus {
  private readonly publisher: OrderedPublisher;

  private constructor(
    private readonly connection: NatsConnection,
    logger: Logger,
  ) {
    this.publisher = new OrderedPublisher({ connection, target: liveEvents(connection), logger });
  }

  /**
   * Once connected, the connection is made anew for as long as the bus is open.
   * @throws NatsError when no server answers or the login is refused
   */
  static async connect({ url, logger }: JetStreamBusOptions): Promise<JetStreamBus> {
    return new JetStreamBus(await connectTo(url, 'teampulse-publisher'), logger);
  }

  async publish(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
    await this.publisher.publish(events, signal);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** The product's own stream. Nobody else should write to it; one who does harms nobody. */
export const liveEvents = (connection: NatsConnection): Target => ({
  subjectOf,
  messageId: ({ id }) => id,
  streamName: STREAM,
  expectFirst: ({ sequence }) => ({ lastSequence: sequence }),
  readTail: () => readTail(connection),
});

async function readTail(connection: NatsConnection): Promise<Tail> {
  const manager = await connection.jetstreamManager({ timeout: ACK_TIMEOUT_MS });
  const { state, config } = await ensureStream(manager);
  const maxMessageBytes = config.max_msg_size > 0 ? config.max_msg_size : undefined;
  return { sequence: state.last_seq, position: await lastPosition(manager, state), maxMessageBytes };
}

/** Of our last message that is left, behind which there may be some of strangers. */
async function lastPosition(manager: JetStreamManager, { first_seq, last_seq, messages }: StreamState): Promise<LogPosition | undefined> {
  if (messages === 0) return undefined;
  const end = Math.max(first_seq, last_seq - MOST_STRANGERS);
  for (let sequence = last_seq; sequence >= end; sequence--) {
    try {
      const { header } = await manager.streams.getMessage(STREAM, { seq: sequence });
      const position = parsePosition(header.get(POSITION_HEADER));
      if (position) return position;
    } catch (error) {
      // It was deleted, or has just aged out.
      if (!isNotFound(error)) throw error;
    }
  }
  return undefined;
} // prettier-ignore

/** Makes the stream when there is none; one that an operator has set up otherwise is left as it is. */
async function ensureStream(manager: JetStreamManager): Promise<StreamInfo> {
  try {
    return await manager.streams.info(STREAM);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return manager.streams.add({
    name: STREAM,
    subjects: [SUBJECTS],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(KEPT_MS),
    duplicate_window: nanos(DEDUP_WINDOW_MS),
  });
}
