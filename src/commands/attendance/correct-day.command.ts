/** A manager says what an employee's day really was. Replaces all that stood before; who did it and why are kept. */
import { z } from 'zod';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { leaveKindSchema } from '../../domain/attendance/attendance-day.events.js';
import { instantSchema, localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { expectedVersionSchema, noteSchema } from './attendance.inputs.js';

export const correctDayInput = z.object({
  employeeId: z.uuid(),
  day: localDateSchema,
  to: z.discriminatedUnion('status', [
    z.object({
      status: z.literal('present'),
      checkInAt: instantSchema,
      /** Absent or null: not checked out yet. */
      checkOutAt: instantSchema.nullish(),
    }),
    z.object({ status: z.literal('absent'), reason: noteSchema.nullish() }),
    z.object({ status: z.literal('leave'), kind: leaveKindSchema, note: noteSchema.nullish() }),
    /** As if nothing had been recorded. */
    z.object({ status: z.literal('none') }),
  ]),
  /** Why it is corrected. */
  reason: noteSchema,
  expectedVersion: expectedVersionSchema,
});

export class CorrectDay extends WorkspaceCommand<z.input<typeof correctDayInput>, AttendanceDayState> {}
