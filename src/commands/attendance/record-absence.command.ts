/** Records that an employee was absent on a day, with the reason when one is known. */
import { z } from 'zod';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { noteSchema } from './attendance.inputs.js';

export const recordAbsenceInput = z.object({
  employeeId: z.uuid(),
  day: localDateSchema,
  reason: noteSchema.nullish(),
});

export class RecordAbsence extends WorkspaceCommand<z.input<typeof recordAbsenceInput>, AttendanceDayState> {}
