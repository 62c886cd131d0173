/** The projections of this capability. */
import { attendanceCalendarProjection } from './attendance-calendar.projection.js';
import { attendanceDaysProjection } from './attendance-days.projection.js';
import { employeesProjection } from './employees.projection.js';
import { unitReportsProjection } from './unit-reports.projection.js';
import { unitsProjection } from './units.projection.js';

export const attendanceProjections = [
  employeesProjection,
  attendanceDaysProjection,
  attendanceCalendarProjection,
  unitsProjection,
  unitReportsProjection,
];
