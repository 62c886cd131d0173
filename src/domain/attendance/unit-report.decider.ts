/** A day's attendance rates of all units. A unit named again with another rate replaces it; the same again is nothing. */
import type { Decider } from '../shared/decider.js';
import { formatDecimal, parseDecimal } from '../shared/money.js';
import { reject, Rejection } from '../shared/rejection.js';
import type { LocalDate } from '../shared/time.js';
import { unitRatesReported, type UnitRate, type UnitReportEvent } from './unit-report.events.js';

export interface UnitReportState {
  /** By the unit's code, in percent as canonical decimal text; null: it said that it does not report. */
  readonly rates: ReadonlyMap<string, string | null>;
  readonly totalPct: string | null;
}

export interface UnitReportCommand {
  readonly type: 'report';
  readonly day: LocalDate;
  readonly rates: readonly UnitRate[];
  /** The source's own total; absent: says nothing about it. */
  readonly totalPct?: string | null | undefined;
}

/** Decimal places of a rate in percent. */
const MAX_SCALE = 4;

export const unitReportDecider: Decider<UnitReportState, UnitReportCommand, UnitReportEvent> = {
  initialState: { rates: new Map(), totalPct: null },

  evolve(state, { data }) {
    const rates = new Map(state.rates);
    for (const { code, ratePct } of data.rates) rates.set(code, ratePct);
    return { rates, totalPct: data.totalPct ?? state.totalPct };
  },

  decide({ day, rates, totalPct }, state) {
    const named = new Map<string, string | null>();
    for (const [index, { code, ratePct }] of rates.entries()) {
      const rate = canonicalRate(ratePct, ['rates', String(index), 'ratePct']);
      if (rate instanceof Rejection) return rate;
      // Of a unit named twice in one report, the last counts: as if the two had come one after the other.
      named.set(code, rate);
    }
    const total = canonicalRate(totalPct ?? null, ['totalPct']);
    if (total instanceof Rejection) return total;

    const changed = [...named].filter(([code, rate]) => !state.rates.has(code) || state.rates.get(code) !== rate);
    const newTotal = total === state.totalPct ? null : total;
    if (changed.length === 0 && newTotal === null) {
      return rates.length === 0 && state.rates.size === 0 && state.totalPct === null
        ? reject('INVALID', 'a report names at least one unit, or the total', ['rates'])
        : [];
    }
    return [
      unitRatesReported({ day, rates: changed.map(([code, ratePct]) => ({ code, ratePct })), totalPct: newTotal }),
    ];
  },
};

/** `092.50` is `92.5`; null stays null. */
function canonicalRate(text: string | null, field: readonly string[]): string | null | Rejection {
  if (text === null) return null;
  const rate = parseDecimal(text);
  if (!rate || rate.scale > MAX_SCALE || rate.amount < 0n || rate.amount > 100n * 10n ** BigInt(rate.scale)) {
    return reject('INVALID', `a rate is a percentage from 0 to 100 with at most ${MAX_SCALE} decimals`, field);
  }
  return formatDecimal(rate.amount, rate.scale);
}
