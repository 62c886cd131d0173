/** Begins an employee's day. The day is the workspace's local day of the instant. */
import { z } from 'zod';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { instantSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';

export const checkInInput = z.object({
  employeeId: z.uuid(),
  /** When; the context's `occurredAt`, or now, when absent. */
  at: instantSchema.nullish(),
});

export class CheckIn extends WorkspaceCommand<z.input<typeof checkInInput>, AttendanceDayState> {}
