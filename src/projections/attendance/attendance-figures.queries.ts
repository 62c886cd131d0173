/**
 * Figures of attendance by day, month and employee.
 *
 * The unit that is counted is a person-day: an employee on a day he or she was due or came.
 * - A *working day* is a weekday of the workspace's calendar that is no holiday.
 * - *Present*: checked in, on whatever day.
 * - *Absent*: on a working day, recorded as absent, or nothing recorded of somebody employed on a day on which at least
 *   one other checked in. (Nothing is concluded from a day on which nobody came: the place was closed.) Employed: from the
 *   first day of work, or from the first record where that day is not known, to the last.
 * - *Leave*: recorded as such on a working day; counted apart, in neither of the two.
 * - Person-days = present + absent; absence rate = absent / person-days.
 * - Hours: from check-in to check-out, no break deducted; the average is over days with a check-out.
 * - Late: local check-in after (not at) a time; over N hours: more than (not exactly) N.
 */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';

export interface AttendanceFigures {
  /** The group's day or first of month, YYYY-MM-DD; null when not grouped by time. */
  readonly period: string | null;
  /** Null when not grouped by employee. */
  readonly employeeId: string | null;
  readonly personDays: number;
  readonly present: number;
  readonly absent: number;
  readonly leave: number;
  /** Null without person-days. */
  readonly absenceRate: number | null;
  readonly hours: number;
  /** Null without a day that has a check-out. */
  readonly averageHours: number | null;
  readonly late: number;
  readonly overtime: number;
}

export interface FiguresFilter {
  /** First and last day, inclusive. */
  readonly from: string;
  readonly to: string;
  readonly employeeId?: string | null | undefined;
  readonly department?: string | null | undefined;
  /** HH:MM[:SS]; the workspace's `lateAfter` when absent. */
  readonly lateAfter?: string | null | undefined;
  readonly overHours: number;
}

export interface AbsenteeRecord {
  readonly employeeId: string;
  /** False: concluded, because nothing is recorded of the day. */
  readonly recorded: boolean;
  readonly reason: string | null;
}

const GROUPINGS = {
  total: { period: 'NULL::text', employee: 'NULL::uuid' },
  day: { period: 'p.day::text', employee: 'NULL::uuid' },
  month: { period: `date_trunc('month', p.day)::date::text`, employee: 'NULL::uuid' },
  employee: { period: 'NULL::text', employee: 'p.employee_id' },
  employeeMonth: { period: `date_trunc('month', p.day)::date::text`, employee: 'p.employee_id' },
} as const;
export type FiguresGrouping = keyof typeof GROUPINGS;

const ORDERS = {
  natural: 'period, e.number_key, "employeeId"',
  mostAbsent: 'absent DESC, e.number_key, "employeeId"',
  longestAverageHours: '"averageHours" DESC NULLS LAST, e.number_key, "employeeId"',
  mostLate: 'late DESC, e.number_key, "employeeId"',
} as const;
export type FiguresOrder = keyof typeof ORDERS;

/** $1 workspace, $2 and $3 first and last day. Indexes (workspace_id, day, employee_id), and (workspace_id, employee_id, day) for the first record. */
const PERSON_DAYS = `
  WITH calendar AS MATERIALIZED (
    SELECT working_days::int[] AS working_days, holidays::date[] AS holidays, late_after
    FROM read.attendance_calendar WHERE workspace_id = $1
  ), recorded AS MATERIALIZED (
    SELECT employee_id, day, status, check_in_local, seconds_worked, reason,
      extract(isodow FROM day)::int = ANY (c.working_days) AND day <> ALL (c.holidays) AS is_working_day
    FROM read.attendance_days CROSS JOIN calendar c
    WHERE workspace_id = $1 AND day BETWEEN $2::date AND $3::date AND status <> 'none'
  ), worked AS (
    SELECT DISTINCT day FROM recorded WHERE status = 'present' AND is_working_day
  ), employed AS MATERIALIZED (
    SELECT employee_id, left_on, coalesce(started_on, (
      SELECT min(day) FROM read.attendance_days a
      WHERE a.workspace_id = $1 AND a.employee_id = e.employee_id AND a.status <> 'none')) AS since
    FROM read.employees e
    WHERE workspace_id = $1 AND coalesce(started_on <= $3::date, true) AND coalesce(left_on >= $2::date, true)
  ), person_days AS (
    SELECT employee_id, day, status, check_in_local, seconds_worked, reason, true AS recorded
    FROM recorded WHERE status = 'present' OR is_working_day
    UNION ALL
    SELECT e.employee_id, w.day, 'absent', NULL, NULL, NULL, false
    FROM worked w JOIN employed e ON e.since <= w.day AND coalesce(e.left_on >= w.day, true)
    WHERE NOT EXISTS (SELECT FROM recorded r WHERE r.employee_id = e.employee_id AND r.day = w.day)
  )`;

@Injectable()
export class AttendanceFiguresQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** @param limit at most so many groups, in the order given */
  figures(
    workspaceId: string,
    grouping: FiguresGrouping,
    filter: FiguresFilter,
    order: FiguresOrder,
    limit: number,
  ): Promise<AttendanceFigures[]> {
    const { period, employee } = GROUPINGS[grouping];
    const sql = `${PERSON_DAYS}, figures AS (
        SELECT ${period} AS period, ${employee} AS "employeeId",
          count(*) FILTER (WHERE status <> 'leave')::int AS "personDays",
          count(*) FILTER (WHERE status = 'present')::int AS present,
          count(*) FILTER (WHERE status = 'absent')::int AS absent,
          count(*) FILTER (WHERE status = 'leave')::int AS leave,
          coalesce(sum(seconds_worked), 0)::float8 / 3600 AS hours,
          avg(seconds_worked)::float8 / 3600 AS "averageHours",
          count(*) FILTER (WHERE check_in_local > coalesce($4::time, c.late_after))::int AS late,
          count(*) FILTER (WHERE seconds_worked > $5::float8 * 3600)::int AS overtime
        FROM person_days p CROSS JOIN calendar c
        WHERE ($6::uuid IS NULL OR p.employee_id = $6)
          AND ($7::text IS NULL OR p.employee_id IN (
            SELECT employee_id FROM read.employees WHERE workspace_id = $1 AND department = $7))
        GROUP BY 1, 2
      )
      SELECT f.*, f.absent::float8 / nullif(f."personDays", 0) AS "absenceRate"
      FROM figures f LEFT JOIN read.employees e ON e.workspace_id = $1 AND e.employee_id = f."employeeId"
      ORDER BY ${ORDERS[order]} LIMIT $8`;
    return this.database.query(workspaceId, sql, [
      workspaceId,
      filter.from,
      filter.to,
      filter.lateAfter ?? null,
      filter.overHours,
      filter.employeeId ?? null,
      filter.department ?? null,
      limit,
    ]);
  }

  /** Who was absent on a day, by number. */
  absentees(workspaceId: string, day: string, limit: number): Promise<AbsenteeRecord[]> {
    const sql = `${PERSON_DAYS}
      SELECT p.employee_id AS "employeeId", p.recorded, p.reason
      FROM person_days p LEFT JOIN read.employees e ON e.workspace_id = $1 AND e.employee_id = p.employee_id
      WHERE p.status = 'absent' ORDER BY e.number_key, p.employee_id LIMIT $4`;
    return this.database.query(workspaceId, sql, [workspaceId, day, day, limit]);
  }
}
