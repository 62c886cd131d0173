/** Records leave over one or several days, one attendance day each: those that can't be are named, the others are recorded. */
import { z } from 'zod';
import { leaveKindSchema } from '../../domain/attendance/attendance-day.events.js';
import type { RejectionCode } from '../../domain/shared/rejection.js';
import { addDays, localDateSchema, type LocalDate } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { noteSchema } from './attendance.inputs.js';

/** A year: longer leave is told year by year. */
export const MAX_LEAVE_DAYS = 366;

export const recordLeaveInput = z
  .object({
    employeeId: z.uuid(),
    from: localDateSchema,
    /** The last day, inclusive; the same as `from` when absent. */
    to: localDateSchema.nullish(),
    kind: leaveKindSchema,
    note: noteSchema.nullish(),
  })
  .refine(({ from, to }) => !to || to >= from, { path: ['to'], error: 'the last day lies before the first' })
  .refine(({ from, to }) => !to || to < addDays(from, MAX_LEAVE_DAYS), {
    path: ['to'],
    error: `at most ${MAX_LEAVE_DAYS} days at once`,
  });

/** What became of each day, in order. Days that are this very leave already count as recorded. */
export interface LeaveOutcome {
  readonly employeeId: string;
  readonly recorded: readonly LocalDate[];
  readonly refused: readonly { readonly day: LocalDate; readonly code: RejectionCode; readonly message: string }[];
}

/** Accepted when at least one day is recorded. It writes to several streams, so its `version` is 0 and means nothing. */
export class RecordLeave extends WorkspaceCommand<z.input<typeof recordLeaveInput>, LeaveOutcome> {}
