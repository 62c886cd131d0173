/** Employees, by number or by id. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type PageRequest } from '../shared/keyset.js';

export interface EmployeeRecord {
  readonly id: string;
  readonly number: string;
  readonly numberKey: string;
  readonly name: string;
  readonly department: string | null;
  readonly title: string | null;
  /** YYYY-MM-DD */
  readonly startedOn: string | null;
  readonly leftOn: string | null;
  readonly version: number;
}

export interface EmployeeFilter {
  readonly department?: string | null | undefined;
  /** Employed on this day: started by then, and not gone before. */
  readonly employedOn?: string | null | undefined;
}

export const employeeOrder = keysetOrder('employees', [
  { sql: 'number_key', field: 'numberKey', type: 'text' },
  { sql: 'employee_id', field: 'id', type: 'uuid' },
]);

const SELECT = `SELECT employee_id AS id, number, number_key AS "numberKey", name, department, title,
  started_on::text AS "startedOn", left_on::text AS "leftOn", version FROM read.employees`;

@Injectable()
export class EmployeeQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page by number in natural order. Index (workspace_id, number_key, employee_id). */
  page(workspaceId: string, filter: EmployeeFilter, page: PageRequest): Promise<EmployeeRecord[]> {
    const keyset = keysetSql(employeeOrder, page, 4);
    const sql = `${SELECT} WHERE workspace_id = $1 AND ($2::text IS NULL OR department = $2)
      AND ($3::date IS NULL OR (coalesce(started_on <= $3, true) AND coalesce(left_on >= $3, true)))
      AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [
      workspaceId,
      filter.department ?? null,
      filter.employedOn ?? null,
      ...keyset.parameters,
    ]);
  }

  /** In any order; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<EmployeeRecord[]> {
    return this.database.query(workspaceId, `${SELECT} WHERE workspace_id = $1 AND employee_id = ANY($2::uuid[])`, [
      workspaceId,
      ids,
    ]);
  }
}
