/** One employee's one day. Stream `attendance-<id>`, the id derived from workspace, employee and day. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';
import { instantSchema, localDateSchema, localTimeSchema } from '../shared/time.js';

const ofDay = { employeeId: z.uuid(), day: localDateSchema.describe("The workspace's local day.") };
/** An instant and the wall clock of the workspace at it. */
const clocked = { at: instantSchema, localTime: localTimeSchema };

export const leaveKindSchema = z.enum(['vacation', 'sick', 'parental', 'unpaid', 'other']);
export type LeaveKind = z.infer<typeof leaveKindSchema>;

export const checkedIn = defineEvent(
  'attendance.CheckedIn',
  z.object({ ...ofDay, ...clocked }).describe('An employee came, for the first time of a day.'),
);
export const checkedOut = defineEvent(
  'attendance.CheckedOut',
  z
    .object({ ...ofDay, ...clocked })
    .describe(
      'An employee left for the day. May fall on the next calendar day: a night shift belongs to the day it began.',
    ),
);
export const absenceRecorded = defineEvent(
  'attendance.AbsenceRecorded',
  z
    .object({ ...ofDay, reason: z.string().nullable() })
    .describe('An employee was away for a whole day, without leave.'),
);
export const leaveRecorded = defineEvent(
  'attendance.LeaveRecorded',
  z
    .object({ ...ofDay, kind: leaveKindSchema, note: z.string().nullable() })
    .describe('An employee had leave on a day.'),
);
/** What a day was corrected to; `none`: as if nothing had been recorded. */
export const correctedDaySchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('present'),
    checkIn: z.object(clocked),
    checkOut: z.object(clocked).nullable(),
  }),
  z.object({ status: z.literal('absent'), reason: z.string().nullable() }),
  z.object({ status: z.literal('leave'), kind: leaveKindSchema, note: z.string().nullable() }),
  z.object({ status: z.literal('none') }),
]);
export type CorrectedDay = z.infer<typeof correctedDaySchema>;

export const dayCorrected = defineEvent(
  'attendance.DayCorrected',
  z
    .object({ ...ofDay, to: correctedDaySchema, reason: z.string() })
    .describe('A manager said what a day really was; it replaces all that stood before.'),
);

export const attendanceDayEvents = [checkedIn, checkedOut, absenceRecorded, leaveRecorded, dayCorrected] as const;
export type AttendanceDayEvent = EventOf<(typeof attendanceDayEvents)[number]>;
