/**
 * Carries the log to the bus. The log is the outbox: nothing is written beside an event when it is made, and how far publishing
 * came is stored only after the receiver has it. A crash in between sends again what was sent, and the bus takes it once.
 */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventLog, LogItem } from '../../projections/ports/event-log.port.js';
import type { Logger } from '../logging/logger.js';
import type { EventBus } from './event-bus.js';

/** How far publishing came, in Postgres. */
export interface PublishedPosition {
  read(): Promise<LogPosition | undefined>;
  /** @throws when the stored position is no longer `from`: another publisher has taken over */
  advance(from: LogPosition | undefined, to: LogPosition): Promise<void>;
}

export interface PublishLogOptions {
  readonly log: EventLog;
  readonly bus: EventBus;
  readonly published: PublishedPosition;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Publishes until `signal` ends it, then returns. @throws when the log or the stored position can't be had. */
export async function publishLog({ log, bus, published, logger, signal }: PublishLogOptions): Promise<void> {
  try {
    let at = await published.read();
    for await (const items of log.subscribe({ after: at, signal })) {
      const to = lastPosition(items);
      if (!to) continue;
      warnOfMalformed(items, logger);
      const events = items.flatMap((item): RecordedEvent[] => (item.kind === 'event' ? [item.event] : []));
      await bus.publish(events, signal);
      await published.advance(at, to);
      at = to;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function lastPosition(items: readonly LogItem[]): LogPosition | undefined {
  const last = items.findLast((item) => item.kind !== 'caughtUp');
  return last?.kind === 'event' ? last.event.position : last?.position;
}

/** What can't be read can't be published under its type's name; it stays in the log, and whoever runs this is told. */
function warnOfMalformed(items: readonly LogItem[], logger: Logger): void {
  for (const item of items) {
    if (item.kind !== 'malformed') continue;
    const { error, id, streamName, type } = item;
    logger.error({ err: error, id, streamName, type }, 'this event is not what its type says and was not published');
  }
}
