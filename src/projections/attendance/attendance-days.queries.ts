/** Employees' days as they were recorded. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type PageRequest } from '../shared/keyset.js';

export interface AttendanceDayRecord {
  /** Of the day's stream. */
  readonly id: string;
  readonly employeeId: string;
  /** YYYY-MM-DD */
  readonly day: string;
  readonly status: 'present' | 'absent' | 'leave' | 'none';
  readonly checkInAt: string | Date | null;
  /** HH:MM:SS on the workspace's wall clock. */
  readonly checkInTime: string | null;
  readonly checkOutAt: string | Date | null;
  readonly checkOutTime: string | null;
  readonly secondsWorked: number | null;
  readonly reason: string | null;
  readonly leaveKind: string | null;
  readonly note: string | null;
  readonly correctionReason: string | null;
  readonly correctedBy: string | null;
  readonly version: number;
}

export interface AttendanceDayFilter {
  readonly employeeId?: string | null | undefined;
  readonly status?: string | null | undefined;
  /** First and last day, inclusive. */
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
  readonly correctedOnly?: boolean | null | undefined;
}

export const attendanceDayOrder = keysetOrder('attendanceDays', [
  { sql: 'd.day', field: 'day', type: 'date', direction: 'desc' },
  { sql: 'employee_id', field: 'employeeId', type: 'uuid', direction: 'desc' },
]);

const SELECT = `SELECT attendance_id AS id, employee_id AS "employeeId", d.day::text AS day, status,
  check_in AS "checkInAt", check_in_local::text AS "checkInTime",
  check_out AS "checkOutAt", check_out_local::text AS "checkOutTime", seconds_worked AS "secondsWorked",
  reason, leave_kind AS "leaveKind", note, correction_reason AS "correctionReason", corrected_by AS "correctedBy", version
  FROM read.attendance_days d`;

@Injectable()
export class AttendanceDayQueries {
  constructor(private readonly database: ReadDatabase) {}

  /**
   * One page, newest day first, without days that were cleared. Index (workspace_id, day, employee_id); of one employee,
   * (workspace_id, employee_id, day).
   */
  page(workspaceId: string, filter: AttendanceDayFilter, page: PageRequest): Promise<AttendanceDayRecord[]> {
    const keyset = keysetSql(attendanceDayOrder, page, 7);
    const sql = `${SELECT} WHERE workspace_id = $1 AND status <> 'none'
      AND ($2::uuid IS NULL OR employee_id = $2) AND ($3::text IS NULL OR status = $3)
      AND ($4::date IS NULL OR d.day >= $4) AND ($5::date IS NULL OR d.day <= $5)
      AND (NOT $6::boolean OR correction_reason IS NOT NULL)
      AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [
      workspaceId,
      filter.employeeId ?? null,
      filter.status ?? null,
      filter.from ?? null,
      filter.to ?? null,
      filter.correctedOnly ?? false,
      ...keyset.parameters,
    ]);
  }

  /** In any order; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<AttendanceDayRecord[]> {
    return this.database.query(workspaceId, `${SELECT} WHERE workspace_id = $1 AND attendance_id = ANY($2::uuid[])`, [
      workspaceId,
      ids,
    ]);
  }
}
