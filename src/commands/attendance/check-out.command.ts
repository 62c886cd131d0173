/** Ends an employee's day. A night shift that ends after midnight belongs to the day it began on. */
import { z } from 'zod';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { instantSchema, localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';

export const checkOutInput = z.object({
  employeeId: z.uuid(),
  /** When; the context's `occurredAt`, or now, when absent. */
  at: instantSchema.nullish(),
  /** The day that the check-in is of; found when absent: the local day of `at`, or the day before for a night shift. */
  day: localDateSchema.nullish(),
});

export class CheckOut extends WorkspaceCommand<z.input<typeof checkOutInput>, AttendanceDayState> {}
