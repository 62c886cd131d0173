/** The read models as queries need them. Every read is bound to one workspace, by the caller and again by row-level security. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Lag } from './projection-control.port.js';

/** The read models can't answer now: Postgres is away or overloaded, or they have not been built yet. Safe to retry. */
export class ReadModelUnavailable extends Error {
  override readonly name = 'ReadModelUnavailable';
  readonly code = 'READ_MODEL_UNAVAILABLE';
}

/** A query failed for a reason of its own. */
export class ReadQueryFailed extends Error {
  override readonly name = 'ReadQueryFailed';
  constructor(
    message: string,
    /** SQLSTATE; `57014` when it took longer than it may. */
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What was not there in time. */
export interface Behind {
  readonly projection: string;
  /** How far it is; undefined before its first event, or when nobody could say. */
  readonly at: LogPosition | undefined;
  /** Of the replica that queries go to; else of the primary. */
  readonly isReplica?: boolean;
  /** What it does not show of the log; undefined when that could not be told in time. */
  readonly lag?: Lag | undefined;
}

/** timestamptz comes as an ISO instant in UTC with milliseconds, date as YYYY-MM-DD, bigint and numeric as text, jsonb parsed. */
export abstract class ReadDatabase {
  /**
   * Runs one SELECT in a transaction bound to the workspace (`SET LOCAL app.workspace_id`), by the extended protocol, as
   * the role that owns nothing. Concurrent calls for the same workspace may share a transaction.
   * Views are named `read.<table>`. Bounded by statement_timeout.
   * @param sql with `$1`… parameters; give the same text for the same question, it is prepared once per connection
   * @throws ReadModelUnavailable (safe to retry), ReadQueryFailed
   */
  abstract query<Row extends object>(workspaceId: string, sql: string, parameters?: readonly unknown[]): Promise<Row[]>;

  /**
   * Waits, bounded (2 s unless told), until every named projection shows the log up to `position` to queries asked after it.
   * @returns 'reached', or how far one is that was not there when time ran out.
   */
  abstract waitForPosition(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs?: number,
  ): Promise<'reached' | Behind>;
}
