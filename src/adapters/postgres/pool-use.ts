/** Connections to Postgres of one pool, at this moment. */
import type { Pool } from 'pg';

export interface PoolUse {
  /** `read`: queries of the API; `replica`: the same on a replica. */
  readonly pool: string;
  readonly open: number;
  readonly idle: number;
  /** Who waits for a connection. */
  readonly waiting: number;
}

export const useOf = (pool: string, { totalCount, idleCount, waitingCount }: Pool): PoolUse => ({
  pool,
  open: totalCount,
  idle: idleCount,
  waiting: waitingCount,
});
