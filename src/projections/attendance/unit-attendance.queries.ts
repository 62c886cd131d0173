/**
 * Attendance of units: unweighted means over units with a rate above 0. A unit without a rate, or with the rate 0, counts
 * as not reporting.
 */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type PageRequest } from '../shared/keyset.js';

export interface UnitRecord {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly group: string | null;
  readonly version: number;
}

export interface UnitAttendanceDay {
  /** YYYY-MM-DD */
  readonly day: string;
  readonly reporting: number;
  readonly notReporting: number;
  /** In percent; null when no unit reports. */
  readonly meanPct: number | null;
  /** The source's own total, as decimal text. */
  readonly totalPct: string | null;
}

export interface UnitAttendanceGroup {
  /** The first of the month, YYYY-MM-DD. */
  readonly month: string;
  /** Null: units that have no group, or are not known. */
  readonly group: string | null;
  /** Pairs of unit and day with a rate above 0. */
  readonly unitDays: number;
  /** Over those pairs, in percent. */
  readonly meanPct: number;
}

export interface UnitRateRecord {
  readonly day: string;
  readonly code: string;
  /** At READ_SCALE, in percent; null: did not report. */
  readonly rate: string | null;
}

export const unitOrder = keysetOrder('units', [
  { sql: 'code', field: 'code', type: 'text' },
  { sql: 'unit_id', field: 'id', type: 'uuid' },
]);

/** Rates are millionths of a percent. */
const meanOf = (sum: string, count: string): string =>
  `(${sum}::numeric / nullif(${count}, 0) / 1000000)::float8 AS "meanPct"`;

const SELECT_UNITS = `SELECT unit_id AS id, code, name, unit_group AS "group", version FROM read.units`;
const SELECT_DAYS = `SELECT d.day::text AS day, reporting, not_reporting AS "notReporting",
  ${meanOf('rate_sum', 'reporting')}, total_pct::text AS "totalPct" FROM read.unit_reports d`;

@Injectable()
export class UnitAttendanceQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page by code. Index (workspace_id, code, unit_id). */
  units(workspaceId: string, group: string | null, page: PageRequest): Promise<UnitRecord[]> {
    const keyset = keysetSql(unitOrder, page, 3);
    const sql = `${SELECT_UNITS} WHERE workspace_id = $1 AND ($2::text IS NULL OR unit_group = $2)
      AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [workspaceId, group, ...keyset.parameters]);
  }

  /** In any order; unknown ids are left out. By primary key. */
  unitsByIds(workspaceId: string, ids: readonly string[]): Promise<UnitRecord[]> {
    return this.database.query(workspaceId, `${SELECT_UNITS} WHERE workspace_id = $1 AND unit_id = ANY($2::uuid[])`, [
      workspaceId,
      ids,
    ]);
  }

  /** Days in order. By primary key. */
  byDay(workspaceId: string, from: string, to: string): Promise<UnitAttendanceDay[]> {
    const sql = `${SELECT_DAYS} WHERE workspace_id = $1 AND d.day BETWEEN $2::date AND $3::date ORDER BY d.day`;
    return this.database.query(workspaceId, sql, [workspaceId, from, to]);
  }

  /** The days with the lowest means, lowest first, of those on which at least `minReporting` units report. */
  lowestDays(
    workspaceId: string,
    from: string,
    to: string,
    minReporting: number,
    limit: number,
  ): Promise<UnitAttendanceDay[]> {
    const sql = `${SELECT_DAYS} WHERE workspace_id = $1 AND d.day BETWEEN $2::date AND $3::date
      AND reporting >= greatest($4::int, 1) ORDER BY "meanPct", d.day LIMIT $5`;
    return this.database.query(workspaceId, sql, [workspaceId, from, to, minReporting, limit]);
  }

  /** By month, then group; both days are widened to whole months. Sums per unit and month are at hand; units give the groups. */
  byGroupAndMonth(workspaceId: string, from: string, to: string): Promise<UnitAttendanceGroup[]> {
    const sql = `SELECT m.month::text AS month, u.unit_group AS "group", sum(m.days)::int AS "unitDays",
        ${meanOf('sum(m.rate_sum)', 'sum(m.days)')}
      FROM read.unit_report_months m
      LEFT JOIN read.units u ON u.workspace_id = $1 AND u.code = m.code
      WHERE m.workspace_id = $1 AND m.month BETWEEN date_trunc('month', $2::date) AND $3::date
      GROUP BY m.month, u.unit_group ORDER BY m.month, u.unit_group NULLS FIRST`;
    return this.database.query(workspaceId, sql, [workspaceId, from, to]);
  }

  /** One unit's days in order. Index (workspace_id, code, day). */
  ratesOfUnit(workspaceId: string, code: string, from: string, to: string): Promise<UnitRateRecord[]> {
    const sql = `SELECT r.day::text AS day, code, rate::text AS rate FROM read.unit_report_rates r
      WHERE workspace_id = $1 AND code = $2 AND r.day BETWEEN $3::date AND $4::date ORDER BY r.day`;
    return this.database.query(workspaceId, sql, [workspaceId, code, from, to]);
  }
}
