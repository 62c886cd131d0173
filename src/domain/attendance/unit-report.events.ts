/**
 * Attendance counted per unit (a school, a site, a shift) instead of per person: a day's rates of all units.
 * Streams `unit-<id>` and `unit-report-<id>`, the latter one per day.
 */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';
import { localDateSchema } from '../shared/time.js';

export const unitDetailsSchema = z.object({
  code: z.string().describe("The organisation's own code: `01M015`."),
  name: z.string(),
  group: z.string().nullable().describe('What units are compared by, such as a borough; null when unknown.'),
});
export type UnitDetails = z.infer<typeof unitDetailsSchema>;

export const unitAdded = defineEvent(
  'attendance.UnitAdded',
  unitDetailsSchema.describe('A unit whose attendance is counted as a whole: a school, a site, a shift.'),
);
export const unitChanged = defineEvent(
  'attendance.UnitChanged',
  z
    .object({ from: unitDetailsSchema.partial(), to: unitDetailsSchema.partial() })
    .describe('Details of a unit: only what changed.'),
);

/** Rate in percent of those expected, 0 to 100 with up to 4 decimals, as a decimal text; null: the unit did not report. */
export const unitRateSchema = z.object({ code: z.string(), ratePct: z.string().nullable() });
export type UnitRate = z.infer<typeof unitRateSchema>;

export const unitRatesReported = defineEvent(
  'attendance.UnitRatesReported',
  z
    .object({
      day: localDateSchema,
      rates: z.array(unitRateSchema).max(5000),
      totalPct: z
        .string()
        .nullable()
        .describe("The source's own total over all units, where it gives one; null leaves an earlier one as it is."),
    })
    .describe('Attendance rates of units on a day; a unit named again replaces its earlier rate.'),
);

export const unitEvents = [unitAdded, unitChanged] as const;
export type UnitEvent = EventOf<(typeof unitEvents)[number]>;
export const unitReportEvents = [unitRatesReported] as const;
export type UnitReportEvent = EventOf<(typeof unitReportEvents)[number]>;
