/** The read models as queries need them. Every read is bound to one workspace, by the caller and again by row-level security. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';

export abstract class ReadDatabase {
  /**
   * Runs one SELECT in a transaction bound to the workspace (`SET LOCAL app.workspace_id`), by the extended protocol, as
   * the role that owns nothing. Concurrent calls for the same workspace may share a transaction.
   * Views are named `read.<table>`. Bounded by statement_timeout.
   * @param sql with `$1`… parameters; give the same text for the same question, it is prepared once per connection
   * @throws ReadModelUnavailable when Postgres can't be reached (safe to retry)
   */
  abstract query<Row extends object>(workspaceId: string, sql: string, parameters?: readonly unknown[]): Promise<Row[]>;

  /**
   * Waits, bounded (2 s unless told), until every named projection has applied the log up to `position`.
   * @returns 'reached', or how far the slowest one is when time ran out.
   */
  abstract waitForPosition(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs?: number,
  ): Promise<'reached' | { readonly projection: string; readonly at: LogPosition | undefined }>;
}
