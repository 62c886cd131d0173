/**
 * Which worker applies which share of which build, as Postgres has it: control.workers and the owners in control.checkpoints.
 *
 *   free ──acquired: the epoch grows──► owned ──given back──► free
 *                                         └── its worker is dead ──acquired by another: the epoch grows──► owned
 *
 * A worker renews one row for all it owns, by Postgres' clock and no other. It counts as dead when it has not done so for
 * LEASE_MS, or when the connection by which it does is gone, which is how most deaths are known at once. It may be alive
 * nevertheless: frozen, or cut off. That is harmless, because a checkpoint moves only for the epoch its mover was given.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import type { Statement, TextRow, WriteDatabase } from '../ports/write-database.port.js';
import type { LiveWorker } from './balance.js';
import type { ShareId } from './build-registry.js';

/** Three beats may be late or lost before others take over; what a frozen worker had moves in this and a moment more. */
export const LEASE_MS = 3_000;
export const BEAT_MS = 1_000;
/** Dead workers are shown for so long, and then forgotten. */
const SHOWN = '10 minutes';
/** Workers tell each other on this channel that there is something to take, to give up or to do. */
export const CONTROL_CHANNEL = 'projection_control';

/** Of `control.workers w`. A connection of another login does not say when it began. */
const ALIVE = `w.lease_until > clock_timestamp() AND EXISTS (SELECT FROM pg_stat_activity a
  WHERE a.pid = w.backend_pid AND (a.backend_start IS NULL OR a.backend_start = w.backend_start))`;

export interface Lease extends ShareId {
  readonly epoch: bigint;
}

export interface Workers {
  readonly alive: readonly LiveWorker[];
  /** Until the next lease of another one ends, unless it is renewed; undefined without others. */
  readonly nextEndMs: number | undefined;
}

export class Leases {
  /** New for every process and every start: one that comes back is another one. */
  readonly worker = `${hostname()}-${pid}-${randomUUID().slice(0, 8)}`;

  /** @param runs what this worker can run, as `name@version` */
  constructor(
    private readonly database: WriteDatabase,
    private readonly runs: readonly string[],
  ) {}

  /** Says that we are alive, which renews everything we own. */
  async beat(): Promise<void> {
    await this.#query({
      name: 'leases:beat',
      text: `WITH forgotten AS (DELETE FROM control.workers WHERE lease_until < now() - interval '${SHOWN}')
        INSERT INTO control.workers AS w (id, host, pid, projections, backend_pid, backend_start, seen_at, lease_until)
        SELECT $1, $2, $3::int, $4::text[], a.pid, a.backend_start, clock_timestamp(), clock_timestamp() + $5::int * interval '1 ms'
        FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
        ON CONFLICT (id) DO UPDATE SET backend_pid = EXCLUDED.backend_pid, backend_start = EXCLUDED.backend_start,
          seen_at = EXCLUDED.seen_at, lease_until = EXCLUDED.lease_until`,
      values: [this.worker, hostname(), pid, this.runs, LEASE_MS],
    });
  }

  /** Ourselves as well, whatever Postgres thinks of us. */
  async workers(): Promise<Workers> {
    const rows = await this.#query({
      name: 'leases:workers',
      text: `SELECT w.id, to_json(w.projections), ceil(extract(epoch FROM w.lease_until - clock_timestamp()) * 1000)
        FROM control.workers w WHERE w.id <> $1 AND ${ALIVE}`,
      values: [this.worker],
    });
    const others = rows.map(([id, runs]) => ({ id: id ?? '', runs: new Set(stringsOf(runs)) }));
    const ends = rows.map(([, , ms]) => Number(ms));
    return {
      alive: [...others, { id: this.worker, runs: new Set(this.runs) }],
      nextEndMs: ends.length > 0 ? Math.max(0, Math.min(...ends)) : undefined,
    };
  }

  /** Takes those of them that are free, or whose owner is dead. From then on nobody else can move them. */
  async acquire(wanted: readonly ShareId[]): Promise<readonly Lease[]> {
    if (wanted.length === 0) return [];
    const rows = await this.#query({
      name: 'leases:acquire',
      // What somebody is just committing, or taking, is not waited for: it is asked for again.
      text: `UPDATE control.checkpoints c SET owner = $1, epoch = c.epoch + 1, owned_since = clock_timestamp()
        FROM (SELECT f.build_id, f.shard FROM control.checkpoints f
            JOIN unnest($2::bigint[], $3::int[]) AS m(build_id, shard) USING (build_id, shard)
            WHERE f.owner IS NULL OR f.owner = $1
              OR NOT EXISTS (SELECT FROM control.workers w WHERE w.id = f.owner AND ${ALIVE})
            FOR UPDATE OF f SKIP LOCKED) free
        WHERE c.build_id = free.build_id AND c.shard = free.shard
        RETURNING c.build_id, c.shard, c.epoch`,
      values: [this.worker, wanted.map(({ buildId }) => buildId), wanted.map(({ shard }) => shard)],
    });
    return rows.map(([buildId, shard, epoch]) => ({
      buildId: buildId ?? '',
      shard: Number(shard),
      epoch: BigInt(epoch ?? '0'),
    }));
  }

  /** Gives them back, and tells the others. Those that we have lost already are not ours to give. */
  async release(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    await this.#query({
      name: 'leases:release',
      text: `WITH freed AS (UPDATE control.checkpoints c SET owner = NULL, owned_since = NULL
          FROM unnest($2::bigint[], $3::int[], $4::bigint[]) AS m(build_id, shard, epoch)
          WHERE c.build_id = m.build_id AND c.shard = m.shard AND c.epoch = m.epoch AND c.owner = $1)
        SELECT pg_notify('${CONTROL_CHANNEL}', 'freed')`,
      values: [
        this.worker,
        leases.map(({ buildId }) => buildId),
        leases.map(({ shard }) => shard),
        leases.map(({ epoch }) => String(epoch)),
      ],
    });
  }

  /** Gives back everything at once, and is gone: others need not wait. */
  async leave(): Promise<void> {
    await this.#query({
      text: `WITH gone AS (DELETE FROM control.workers WHERE id = $1),
          freed AS (UPDATE control.checkpoints SET owner = NULL, owned_since = NULL WHERE owner = $1)
        SELECT pg_notify('${CONTROL_CHANNEL}', 'left')`,
      values: [this.worker],
    });
  }

  /** Tells all workers that there is something new to see in the control schema. */
  async tell(what: string): Promise<void> {
    await this.#query({ text: `SELECT pg_notify('${CONTROL_CHANNEL}', $1)`, values: [what] });
  }

  async #query(statement: Statement): Promise<readonly TextRow[]> {
    return this.database.urgent(statement);
  }
}

function stringsOf(json: string | null | undefined): string[] {
  const value: unknown = JSON.parse(json ?? '[]');
  return Array.isArray(value) ? value.map(String) : [];
}
