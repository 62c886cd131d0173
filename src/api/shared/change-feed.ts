/** Changes as they happen, for subscriptions: from the log, once the read models show them. */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { ApiContext } from './request-context.js';

export interface ChangeRequest {
  /** Event types this subscription tells of. */
  readonly eventTypes: readonly string[];
  /** The projections its payload is read from: a change is delivered only after they show it. */
  readonly projections: readonly string[];
  /** The last cursor the client has; every change behind it comes, none twice. From now on when absent. */
  readonly after?: LogPosition | null | undefined;
  /**
   * Whether this subscriber wants the change. May read through loaders with the context it is given, which all
   * subscribers of a workspace share, so that a thousand of them cost one statement.
   */
  readonly matches?: (event: RecordedEvent, context: ApiContext) => boolean | Promise<boolean>;
}

/** What every change payload starts with; the resolver adds what the event is about, such as `{ taskId }`. */
export interface ChangePayload {
  readonly cursor: LogPosition;
  readonly eventType: string;
}

export abstract class ChangeFeed {
  /**
   * The changes of the caller's workspace, in log order:
   *
   *     return this.changes.subscribe(context, 'taskChanged', { eventTypes, projections: ['tasks'], after },
   *       (event) => ({ taskId: idOf(event.streamName) }));
   *
   * Bounded: a subscriber that does not keep up is ended with SUBSCRIBER_TOO_SLOW and its last cursor.
   * @param field the subscription's field: what is yielded is `{ [field]: { cursor, eventType, …payload(event) } }`
   */
  abstract subscribe(
    context: ApiContext,
    field: string,
    request: ChangeRequest,
    payload: (event: RecordedEvent) => object,
  ): AsyncIterableIterator<Readonly<Record<string, ChangePayload & object>>>;
}

/** `task-0190…` is about the task `0190…`. Categories may contain hyphens; ids are the last 36 characters. */
export const idOfStream = (streamName: string): string => streamName.slice(-36);
