/** Reports the attendance rates of units on a day. A unit named again replaces its earlier rate; units need not be added first. */
import { z } from 'zod';
import type { UnitReportState } from '../../domain/attendance/unit-report.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { naturalKeySchema } from './attendance.inputs.js';

/** What one event may hold; a day with more units is reported in several commands. */
export const MAX_RATES = 5_000;

/** Percent, 0 to 100 with at most 4 decimals, as a decimal text. */
const rateSchema = z.string().trim().max(20);

export const reportUnitRatesInput = z.object({
  day: localDateSchema,
  rates: z
    .array(
      z.object({
        code: naturalKeySchema,
        /** null: the unit did not report */
        ratePct: rateSchema.nullish().transform((given) => given ?? null),
      }),
    )
    .max(MAX_RATES, `at most ${MAX_RATES} units at once`),
  /** The source's own total over all units, where it gives one. */
  totalPct: rateSchema.nullish(),
});

export class ReportUnitRates extends WorkspaceCommand<z.input<typeof reportUnitRatesInput>, UnitReportState> {}
