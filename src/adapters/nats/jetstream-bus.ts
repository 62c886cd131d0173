/** Publishes every event to the product's own stream of NATS JetStream; how, see `OrderedPublisher`. */
import {
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type NatsConnection,
  type StreamInfo,
} from 'nats';
import { parsePosition } from '../../domain/shared/position.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { Logger } from '../logging/logger.js';
import { subjectOf } from './cloud-event.js';
import { connectTo, isNotFound } from './connection.js';
import type { EventBus } from './event-bus.js';
import { ACK_TIMEOUT_MS, OrderedPublisher, POSITION_HEADER, type Tail } from './ordered-publisher.js';

export const STREAM = 'TEAMPULSE';
export const SUBJECTS = 'teampulse.>';
/** The server remembers ids this long. Its own default: long enough for a restart, and the last message covers the rest. */
export const DEDUP_WINDOW_MS = 120_000;
/** The bus is for delivery, the log for history: an integrator that was away over a long weekend misses nothing. */
export const KEPT_MS = 7 * 24 * 3_600_000;

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
    const target = {
      subjectOf,
      messageId: (event: RecordedEvent): string => event.id,
      // Of the whole stream: nobody else writes to it.
      expect: (sequence: number) => ({ streamName: STREAM, lastSequence: sequence }),
      readTail: () => readTail(connection),
    };
    this.publisher = new OrderedPublisher({ connection, target, logger });
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

async function readTail(connection: NatsConnection): Promise<Tail> {
  const manager = await connection.jetstreamManager({ timeout: ACK_TIMEOUT_MS });
  const { state, config } = await ensureStream(manager);
  const sequence = state.last_seq;
  const maxMessageBytes = config.max_msg_size > 0 ? config.max_msg_size : undefined;
  if (sequence === 0) return { sequence, position: undefined, maxMessageBytes };
  try {
    const last = await manager.streams.getMessage(STREAM, { seq: sequence });
    return { sequence, position: parsePosition(last.header.get(POSITION_HEADER)), maxMessageBytes };
  } catch (error) {
    // It has aged out.
    if (isNotFound(error)) return { sequence, position: undefined, maxMessageBytes };
    throw error;
  }
}

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
