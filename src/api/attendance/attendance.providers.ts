/** Resolvers, loaders and queries of this capability. */
import { AttendanceDayQueries } from '../../projections/attendance/attendance-days.queries.js';
import { AttendanceFiguresQueries } from '../../projections/attendance/attendance-figures.queries.js';
import { EmployeeQueries } from '../../projections/attendance/employees.queries.js';
import { UnitAttendanceQueries } from '../../projections/attendance/unit-attendance.queries.js';
import { AttendanceChangeResolver } from './attendance-change.resolver.js';
import { AttendanceDayLoader } from './attendance-day.loader.js';
import { AttendanceDayResolver } from './attendance-day.resolver.js';
import { AttendanceFiguresResolver } from './attendance-figures.resolver.js';
import {
  AbsenteeResolver,
  AttendanceOfEmployeeMonthResolver,
  AttendanceOfEmployeeResolver,
} from './employee-of.resolvers.js';
import { EmployeeLoader } from './employee.loader.js';
import { EmployeeResolver } from './employee.resolver.js';
import { UnitAttendanceResolver } from './unit-attendance.resolver.js';
import { UnitResolver } from './unit.resolver.js';

export const attendanceApiProviders = [
  EmployeeResolver,
  AttendanceDayResolver,
  AttendanceChangeResolver,
  AttendanceFiguresResolver,
  AttendanceOfEmployeeResolver,
  AttendanceOfEmployeeMonthResolver,
  AbsenteeResolver,
  UnitResolver,
  UnitAttendanceResolver,
  EmployeeLoader,
  AttendanceDayLoader,
  EmployeeQueries,
  AttendanceDayQueries,
  AttendanceFiguresQueries,
  UnitAttendanceQueries,
];
