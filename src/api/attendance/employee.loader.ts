/** Employees of days, figures and absences: one statement per request. */
import { Injectable } from '@nestjs/common';
import { EmployeeQueries, type EmployeeRecord } from '../../projections/attendance/employees.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class EmployeeLoader extends BatchLoader<EmployeeRecord> {
  protected override readonly category = 'employee';

  constructor(private readonly employees: EmployeeQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, EmployeeRecord>> {
    return byKey(await this.employees.byIds(workspaceId, ids), ({ id }) => id);
  }
}
