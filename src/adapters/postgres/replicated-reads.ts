/**
 * The read models where a replica answers queries and the primary says what has been written. A query that must show a position
 * waits until the primary has reached it, and then until the replica shows it; without a replica that can be asked, the primary
 * answers, which shows whatever the replica did.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ReadDatabase, ReadModelUnavailable, type Behind } from '../../projections/ports/read-database.port.js';
import type { PoolUse } from './pool-use.js';
import { WAIT_MS, type PostgresReadDatabase } from './read-database.js';
import { ReadReplica, type ReplicaState } from './read-replica.js';

export class ReplicatedReadDatabase extends ReadDatabase {
  readonly #replica: ReadReplica;

  /**
   * @param primary closed with this
   * @param replicaUrl the same login and database, on the replica
   * @param report is told when queries begin and cease to go to the replica
   */
  constructor(
    private readonly primary: PostgresReadDatabase,
    replicaUrl: string,
    report: (state: ReplicaState) => void,
  ) {
    super();
    this.#replica = new ReadReplica(replicaUrl, async () => primary.liveShares(), report);
  }

  get pools(): readonly PoolUse[] {
    return [...this.primary.pools, ...this.#replica.pools];
  }

  async close(): Promise<void> {
    await Promise.all([this.#replica.close(), this.primary.close()]);
  }

  override async query<Row extends object>(
    workspaceId: string,
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (!this.#replica.inUse) return this.primary.query<Row>(workspaceId, sql, parameters);
    try {
      return await this.#replica.query<Row>(workspaceId, sql, parameters);
    } catch (error) {
      // Broken off, in the way of what the primary sent, or not there yet: once more, on the primary. What has no cause is too
      // much work, which a replica is there to keep from the primary.
      if (!(error instanceof ReadModelUnavailable) || error.cause === undefined) throw error;
      return this.primary.query<Row>(workspaceId, sql, parameters);
    }
  }

  override async waitForPosition(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs = WAIT_MS,
  ): Promise<'reached' | Behind> {
    // What it shows the primary has shown before.
    if (this.#replica.hasShown(projections, position)) return 'reached';
    const until = performance.now() + timeoutMs;
    const primary = await this.primary.waitForPosition(projections, position, timeoutMs);
    // Also when the primary was not there in time: it may be that it could not say.
    const replica = await this.#replica.waitFor(projections, position, until - performance.now());
    if (replica === 'reached') return replica;
    if (replica === 'away' && primary === 'reached') this.#replica.owe(projections, position);
    return replica === 'away' || (primary !== 'reached' && primary.at) ? primary : replica;
  }
}
