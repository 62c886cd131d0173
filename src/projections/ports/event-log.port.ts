/** The log as projections, subscriptions and the publisher need it: everything in order, from any position. */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';

export type LogItem =
  | {
      readonly kind: 'event';
      readonly event: RecordedEvent;
      /** About what it takes to hold it: the length of its data in the log. Queues and batches are bounded by it. */
      readonly bytes: number;
    }
  /** An event that can't be read as its type says. The reader decides what that means; nothing is skipped silently. */
  | {
      readonly kind: 'malformed';
      readonly position: LogPosition;
      readonly streamName: string;
      readonly revision: number;
      readonly id: string;
      readonly type: string;
      readonly error: Error;
    }
  /** Nothing that matches the filter stands between the last item and this position: safe to store as a checkpoint. */
  | { readonly kind: 'checkpoint'; readonly position: LogPosition }
  /** History is read; what follows is live. May come more than once. */
  | { readonly kind: 'caughtUp' };

/** An event, whether it can be read or not. */
export type LoggedEvent = Extract<LogItem, { kind: 'event' | 'malformed' }>;

export interface SubscribeOptions {
  /** Strictly after this position; from the first event when absent. */
  readonly after?: LogPosition | undefined;
  /** Only event types with one of these prefixes, filtered by the server; every non-system event when absent. */
  readonly typePrefixes?: readonly string[] | undefined;
  /** Ends the iteration. */
  readonly signal: AbortSignal;
}

export abstract class EventLog {
  /**
   * Every matching event after a position, in log order, each once, and then live ones as they come. Pulls: a consumer
   * that does not ask holds the server back instead of filling memory. Reconnects by itself, from the last item it
   * handed out; gives up with EventStoreUnavailable after a bounded time without any answer.
   * Yields arrays, never empty: what has arrived since the last pull, at most 2,048 items.
   */
  abstract subscribe(options: SubscribeOptions): AsyncIterable<readonly LogItem[]>;

  /**
   * Events of one stream once more, in order, from a revision on, at most `limit`; none when there is no such stream.
   * @throws EventStoreUnavailable (safe to retry)
   */
  abstract readAgain(streamName: string, fromRevision: number, limit: number): Promise<readonly LoggedEvent[]>;

  /** The position of the log's last event that is not a system event; undefined when it has none. */
  abstract head(): Promise<LogPosition | undefined>;
}
