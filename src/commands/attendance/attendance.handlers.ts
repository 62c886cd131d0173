/** What carries out the commands of this capability. */
import { AttendanceDays } from './attendance-days.js';
import { AddEmployeeHandler } from './add-employee.handler.js';
import { ChangeEmployeeHandler } from './change-employee.handler.js';
import { EndEmploymentHandler } from './end-employment.handler.js';
import { CheckInHandler } from './check-in.handler.js';
import { CheckOutHandler } from './check-out.handler.js';
import { RecordAbsenceHandler } from './record-absence.handler.js';
import { RecordLeaveHandler } from './record-leave.handler.js';
import { CorrectDayHandler } from './correct-day.handler.js';
import { AddUnitHandler } from './add-unit.handler.js';
import { ChangeUnitHandler } from './change-unit.handler.js';
import { ReportUnitRatesHandler } from './report-unit-rates.handler.js';

export const attendanceHandlers = [
  AddEmployeeHandler,
  ChangeEmployeeHandler,
  EndEmploymentHandler,
  CheckInHandler,
  CheckOutHandler,
  RecordAbsenceHandler,
  RecordLeaveHandler,
  CorrectDayHandler,
  AddUnitHandler,
  ChangeUnitHandler,
  ReportUnitRatesHandler,
  // What the handlers of single days share.
  AttendanceDays,
];
