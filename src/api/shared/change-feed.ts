/** Changes as they happen, for subscriptions: from the log, once the read models show them. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { ApiContext } from './request-context.js';

/** That something happened to a thing. What it is now is read from the read models, which show the change already. */
export interface Change {
  readonly position: LogPosition;
  /** Such as `work.TaskCreated`. */
  readonly eventType: string;
  /** The id of the thing: the stream is `<category>-<thingId>`. */
  readonly thingId: string;
  readonly category: string;
  readonly actorId: string;
  readonly correlationId: string;
}

/** Which changes. All that is given must hold; all changes when nothing is. */
export interface ChangeFilter {
  /** One of these types. */
  readonly types?: readonly string[] | null | undefined;
  readonly thingId?: string | null | undefined;
  readonly category?: string | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly correlationId?: string | null | undefined;
}

export interface ChangeRequest {
  /** What this subscription tells of. */
  readonly filter: ChangeFilter;
  /** The projections its payload is read from: a change is delivered only after they show it. */
  readonly projections: readonly string[];
  /** The last cursor the client has; every change behind it comes, none twice. From now on when absent. */
  readonly after?: LogPosition | null | undefined;
  /**
   * Whether this subscriber wants the change. May read through loaders with the context it is given, which all
   * subscribers of a workspace share, so that a thousand of them cost one statement.
   */
  readonly matches?: (change: Change, context: ApiContext) => boolean | Promise<boolean>;
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
   *     return this.changes.subscribe(context, 'taskChanged', { filter: { types }, projections: ['tasks'], after },
   *       (change) => ({ taskId: change.thingId }));
   *
   * Bounded: a subscriber that does not keep up is ended with SUBSCRIBER_TOO_SLOW and its last cursor.
   * @param field the subscription's field: what is yielded is `{ [field]: { cursor, eventType, …payload(change) } }`
   */
  abstract subscribe(
    context: ApiContext,
    field: string,
    request: ChangeRequest,
    payload: (change: Change) => object,
  ): AsyncIterableIterator<Readonly<Record<string, ChangePayload & object>>>;
}

/** What happened before a subscriber came: the auditors' event index. */
export abstract class ChangeHistory {
  /** The changes behind a position, oldest first, at most `limit`; as many as that means there may be more. */
  abstract after(
    workspaceId: string,
    filter: ChangeFilter,
    afterCommit: bigint,
    limit: number,
  ): Promise<readonly PastChange[]>;
}

export interface PastChange extends Omit<Change, 'position' | 'eventType'> {
  /** The two halves of the position. */
  readonly commit: string;
  readonly prepare: string;
  readonly type: string;
}
