/** The employee that figures and absences are of: one statement for all of a request. */
import { ResolveField, Resolver } from '@nestjs/graphql';
import type { EmployeeRecord } from '../../projections/attendance/employees.queries.js';
import type { ApiContext } from '../shared/request-context.js';
import { EmployeeLoader } from './employee.loader.js';

interface OfEmployee {
  readonly employeeId: string;
}

@Resolver('AttendanceOfEmployee')
export class AttendanceOfEmployeeResolver {
  constructor(private readonly employees: EmployeeLoader) {}

  @ResolveField('employee')
  employee({ employeeId }: OfEmployee, _args: unknown, context: ApiContext): Promise<EmployeeRecord | null> {
    return this.employees.load(context, employeeId);
  }
}

@Resolver('AttendanceOfEmployeeMonth')
export class AttendanceOfEmployeeMonthResolver {
  constructor(private readonly employees: EmployeeLoader) {}

  @ResolveField('employee')
  employee({ employeeId }: OfEmployee, _args: unknown, context: ApiContext): Promise<EmployeeRecord | null> {
    return this.employees.load(context, employeeId);
  }
}

@Resolver('Absentee')
export class AbsenteeResolver {
  constructor(private readonly employees: EmployeeLoader) {}

  @ResolveField('employee')
  employee({ employeeId }: OfEmployee, _args: unknown, context: ApiContext): Promise<EmployeeRecord | null> {
    return this.employees.load(context, employeeId);
  }
}
