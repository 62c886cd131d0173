/**
 * How does work flow: how long does it take, how much is finished, how much is under way?
 *
 * Lead time: created → last entry into the done set, of tasks that are done. Cycle time: first entry into an active status
 * (in progress, in review) → the same end; tasks that never were active are left out. Percentiles interpolate linearly
 * (PERCENTILE_CONT). Days, weeks and months are those of the workspace's zone. Moments like "as of a day" mean 00:00 there.
 */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';

/** What is looked at. Without projects: all. Days `from` inclusive, `to` exclusive; without them: all time. */
export interface FlowScope {
  readonly projectIds?: readonly string[] | null | undefined;
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
}

/** In days; null when `n` is 0. */
export interface DurationRecord {
  readonly n: number;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p85: number | null;
  readonly p95: number | null;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

export interface FlowTotalsRecord {
  /** Created in the range, as everything without another word. */
  readonly created: number;
  /** Done in the range and still done. */
  readonly done: number;
  readonly doneAfterDueDate: number;
  /** Times that something done came back in the range. */
  readonly reopens: number;
  readonly reassignments: number;
}

export type FlowBucket = 'DAY' | 'WEEK' | 'MONTH';

export interface BucketRecord {
  /** First day of the bucket. */
  readonly start: string;
  readonly count: number;
}

export interface StatusCountRecord {
  readonly date: string;
  readonly status: string;
  readonly statusName: string;
  readonly count: number;
}

/** $1 workspace, $2 projects or null, $3 from, $4 to. The calendar is a CTE of its own, so that it is looked up once. */
const ZONE = `zone AS (SELECT COALESCE(max(time_zone), 'UTC') AS name, COALESCE(max(week_start), 1) AS week_start
  FROM read.workspaces WHERE workspace_id = $1 AND id = $1)`;
const IN_PROJECTS = `workspace_id = $1 AND ($2::uuid[] IS NULL OR project_id = ANY($2::uuid[]))`;
const inRange = (column: string): string =>
  `($3::date IS NULL OR ${column} >= $3::date::timestamp AT TIME ZONE zone.name)
   AND ($4::date IS NULL OR ${column} < $4::date::timestamp AT TIME ZONE zone.name)`;
const localDay = (column: string): string => `(${column} AT TIME ZONE zone.name)::date`;
const DAYS = {
  lead: `extract(epoch FROM done_at - created_at) / 86400`,
  cycle: `extract(epoch FROM done_at - first_active_at) / 86400`,
} as const;
/** The bucket's first day, of a day. */
const BUCKETS: Readonly<Record<FlowBucket, (day: string) => string>> = {
  DAY: (day) => day,
  WEEK: (day) => `${day} - (extract(isodow FROM ${day})::int - zone.week_start + 7) % 7`,
  MONTH: (day) => `date_trunc('month', ${day})::date`,
};

@Injectable()
export class FlowQueries {
  constructor(private readonly database: ReadDatabase) {}

  async totals(workspaceId: string, scope: FlowScope): Promise<FlowTotalsRecord> {
    const sql = `WITH ${ZONE}
      SELECT
        count(*) FILTER (WHERE ${inRange('created_at')})::int AS created,
        count(*) FILTER (WHERE done_at IS NOT NULL AND ${inRange('done_at')})::int AS done,
        count(*) FILTER (WHERE ${localDay('done_at')} > ${localDay('due_date')} AND ${inRange('done_at')})::int AS "doneAfterDueDate",
        (SELECT count(*)::int FROM read.task_status_spans, zone
          WHERE ${IN_PROJECTS} AND reopened AND ${inRange('from_at')}) AS reopens,
        (SELECT count(*)::int FROM read.task_reassignments, zone
          WHERE ${IN_PROJECTS} AND ${inRange('at')}) AS reassignments
      FROM read.tasks, zone WHERE ${IN_PROJECTS} AND NOT deleted`;
    const rows = await this.database.query<FlowTotalsRecord>(workspaceId, sql, parameters(workspaceId, scope));
    return rows[0] ?? { created: 0, done: 0, doneAfterDueDate: 0, reopens: 0, reassignments: 0 };
  }

  /** Of what was done in the range. */
  async duration(workspaceId: string, scope: FlowScope, kind: 'lead' | 'cycle'): Promise<DurationRecord> {
    const sql = `WITH ${ZONE}, taken AS (
        SELECT ${DAYS[kind]}::float8 AS days FROM read.tasks, zone
        WHERE ${IN_PROJECTS} AND NOT deleted AND done_at IS NOT NULL AND ${inRange('done_at')})
      SELECT count(days)::int AS n, avg(days) AS mean, min(days) AS min, max(days) AS max,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS p50,
        percentile_cont(0.75) WITHIN GROUP (ORDER BY days) AS p75,
        percentile_cont(0.85) WITHIN GROUP (ORDER BY days) AS p85,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY days) AS p95
      FROM taken WHERE days IS NOT NULL`;
    const rows = await this.database.query<DurationRecord>(workspaceId, sql, parameters(workspaceId, scope));
    return rows[0] ?? { n: 0, p50: null, p75: null, p85: null, p95: null, mean: null, min: null, max: null };
  }

  /** Tasks by when they were done (throughput) or created; buckets with none are left out. */
  perBucket(
    workspaceId: string,
    scope: FlowScope,
    what: 'done' | 'created',
    bucket: FlowBucket,
  ): Promise<BucketRecord[]> {
    const column = what === 'done' ? 'done_at' : 'created_at';
    const sql = `WITH ${ZONE}
      SELECT to_char(${BUCKETS[bucket](localDay(column))}, 'YYYY-MM-DD') AS start, count(*)::int AS count
      FROM read.tasks, zone
      WHERE ${IN_PROJECTS} AND NOT deleted AND ${column} IS NOT NULL AND ${inRange(column)} GROUP BY 1 ORDER BY 1`;
    return this.database.query(workspaceId, sql, parameters(workspaceId, scope));
  }

  /** Tasks created in the range, by type, most first. */
  types(workspaceId: string, scope: FlowScope): Promise<{ readonly type: string; readonly count: number }[]> {
    const sql = `WITH ${ZONE} SELECT type, count(*)::int AS count FROM read.tasks, zone
      WHERE ${IN_PROJECTS} AND NOT deleted AND ${inRange('created_at')} GROUP BY type ORDER BY 2 DESC, 1`;
    return this.database.query(workspaceId, sql, parameters(workspaceId, scope));
  }

  /** Days spent in each status, over stays that ended in the range. */
  daysInStatus(
    workspaceId: string,
    scope: FlowScope,
  ): Promise<{ readonly status: string; readonly statusName: string; readonly days: number }[]> {
    const sql = `WITH ${ZONE}
      SELECT status, status_name AS "statusName", (sum(extract(epoch FROM to_at - from_at)) / 86400)::float8 AS days
      FROM read.task_status_spans, zone
      WHERE ${IN_PROJECTS} AND to_at IS NOT NULL AND ${inRange('to_at')} GROUP BY 1, 2 ORDER BY 3 DESC, 2`;
    return this.database.query(workspaceId, sql, parameters(workspaceId, scope));
  }

  /**
   * How many tasks stood in each status at 00:00 of each day: what a cumulative flow diagram shows. Arrivals and departures
   * are summed up over the days, so the cost is one pass over the stays, however many days are asked for.
   * @param from first day @param last last day
   */
  statusByDay(
    workspaceId: string,
    projectIds: readonly string[] | null | undefined,
    from: string,
    last: string,
  ): Promise<StatusCountRecord[]> {
    const sql = `WITH ${ZONE},
      moves AS (
        SELECT status, status_name, from_at AT TIME ZONE zone.name AS at, 1 AS n
        FROM read.task_status_spans, zone WHERE ${IN_PROJECTS}
        UNION ALL
        SELECT status, status_name, to_at AT TIME ZONE zone.name, -1
        FROM read.task_status_spans, zone WHERE ${IN_PROJECTS} AND to_at IS NOT NULL),
      daily AS (
        -- Counted from the first 00:00 that is not before the move, and from the first day asked for at the earliest.
        SELECT status, status_name, GREATEST($3::date, (at + interval '1 day' - interval '1 microsecond')::date) AS day, sum(n) AS n
        FROM moves WHERE at <= $4::date::timestamp GROUP BY 1, 2, 3),
      steps AS (SELECT DISTINCT status, status_name FROM daily),
      days AS (SELECT generate_series($3::date, $4::date, interval '1 day')::date AS day),
      running AS (
        SELECT days.day, steps.status, steps.status_name,
          sum(COALESCE(daily.n, 0)) OVER (PARTITION BY steps.status, steps.status_name ORDER BY days.day) AS n
        FROM days CROSS JOIN steps LEFT JOIN daily USING (day, status, status_name))
      SELECT to_char(day, 'YYYY-MM-DD') AS date, status, status_name AS "statusName", n::int AS count
      FROM running WHERE n <> 0 ORDER BY day, status_name`;
    return this.database.query(workspaceId, sql, [workspaceId, projectIds ?? null, from, last]);
  }
}

const parameters = (workspaceId: string, { projectIds, from, to }: FlowScope): unknown[] => [
  workspaceId,
  projectIds ?? null,
  from ?? null,
  to ?? null,
];
