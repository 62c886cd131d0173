/** Which part of their people did units report as present, by day, by unit and by month? */
import { unitReportEvents, type UnitReportEvent } from '../../domain/attendance/unit-report.events.js';
import { parseDecimal, READ_SCALE, rescale } from '../../domain/shared/money.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { defineEntity, type Row } from '../engine/projection.js';

/** Rates by unit code: percent as decimal text; null: the unit said that it does not report. */
type Rates = Readonly<Record<string, string | null>>;

export type UnitReportRow = {
  readonly day: string;
  readonly rates: Rates;
  /** Units with a rate above 0. */
  readonly reporting: number;
  /** Units without a rate, or with the rate 0, which stands for "did not report" in practice. */
  readonly not_reporting: number;
  /** Sum of the rates above 0, at READ_SCALE: the mean is this divided by `reporting`. */
  readonly rate_sum: bigint;
  /** The source's own total, in percent. */
  readonly total_pct: string | null;
  readonly version: number;
};

export const unitReportsProjection = defineEntity<UnitReportRow>()({
  name: 'unit-reports',
  version: 2,
  events: unitReportEvents,
  category: 'unit-report',
  table: {
    name: 'unit_reports',
    columns: {
      day: 'date',
      rates: 'json',
      reporting: 'int',
      not_reporting: 'int',
      rate_sum: 'bigint',
      total_pct: { type: 'numeric', nullable: true },
      version: 'int',
    },
    // Also what the days are listed by.
    key: ['day'],
  },
  key: (event) => ({ day: event.data.day }),
  evolve: evolveUnitReport,
  details: [
    {
      name: 'unit_report_rates',
      columns: {
        day: 'date',
        code: { type: 'text', collate: 'C' },
        /** At READ_SCALE. */
        rate: { type: 'bigint', nullable: true },
      },
      key: ['day', 'code'],
      indexes: [
        // One unit's days.
        '(workspace_id, code, day)',
      ],
      rows: ({ day, rates }) => Object.entries(rates).map(([code, pct]) => ({ day, code, rate: rateOf(pct) })),
    },
  ],
  rollups: [
    {
      // A row per unit and month, so that a unit that changes its group takes its past along.
      name: 'unit_report_months',
      columns: { month: 'date', code: { type: 'text', collate: 'C' }, days: 'bigint', rate_sum: 'bigint' },
      key: ['month', 'code'],
      measures: ['days', 'rate_sum'],
      contributions: monthsOf,
    },
  ],
});

export function evolveUnitReport(row: UnitReportRow | undefined, event: RecordedEvent<UnitReportEvent>): UnitReportRow {
  const { day, rates: named, totalPct } = event.data;
  const rates = { ...row?.rates, ...Object.fromEntries(named.map(({ code, ratePct }) => [code, ratePct])) };
  let reporting = 0;
  let rate_sum = 0n;
  for (const pct of Object.values(rates)) {
    const rate = rateOf(pct);
    if (!rate) continue;
    reporting += 1;
    rate_sum += rate;
  }
  return {
    day,
    rates,
    reporting,
    not_reporting: Object.keys(rates).length - reporting,
    rate_sum,
    total_pct: totalPct ?? row?.total_pct ?? null,
    version: event.revision + 1,
  };
}

function monthsOf({ day, rates }: UnitReportRow): Row[] {
  const month = `${day.slice(0, 7)}-01`;
  return Object.entries(rates).flatMap(([code, pct]) => {
    const rate = rateOf(pct);
    return rate ? [{ month, code, days: 1n, rate_sum: rate }] : [];
  });
}

/** At READ_SCALE. What the decider let in always parses. */
function rateOf(pct: string | null): bigint | null {
  const decimal = pct === null ? undefined : parseDecimal(pct);
  return decimal ? rescale(decimal.amount, decimal.scale, READ_SCALE) : null;
}
