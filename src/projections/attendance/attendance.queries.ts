/** The query classes of this capability. */
import { AttendanceDayQueries } from './attendance-days.queries.js';
import { AttendanceFiguresQueries } from './attendance-figures.queries.js';
import { EmployeeQueries } from './employees.queries.js';
import { UnitAttendanceQueries } from './unit-attendance.queries.js';

export const attendanceQueries = [
  EmployeeQueries,
  AttendanceDayQueries,
  AttendanceFiguresQueries,
  UnitAttendanceQueries,
];
