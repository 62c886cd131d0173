/**
 * Ids of attendance. Employees and units are known by a natural key, so their ids are derived from it: a number or code
 * can't be taken twice in a workspace, and a file that names only the number finds its employee without a look-up. The two
 * ways in which Unicode writes `Ü` are one key.
 */
import { deriveId } from '../shared/ids.js';
import type { LocalDate } from '../shared/time.js';

/** @param number the employer's own number of the person, as written: `E123` */
export const employeeIdOf = (workspaceId: string, number: string): string =>
  deriveId('employee', workspaceId, number.normalize());

/** The stream of one employee's one day. @param day the workspace's local day */
export const attendanceDayIdOf = (workspaceId: string, employeeId: string, day: LocalDate): string =>
  deriveId('attendance', workspaceId, employeeId, day);

/** @param code the organisation's own code of the unit, as written: `01M015` */
export const unitIdOf = (workspaceId: string, code: string): string => deriveId('unit', workspaceId, code.normalize());

/** The stream of one day's rates of all units. */
export const unitReportIdOf = (workspaceId: string, day: LocalDate): string =>
  deriveId('unit-report', workspaceId, day);
