import { describe, expect, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { unitReportDecider, type UnitReportCommand } from './unit-report.decider.js';
import { unitRatesReported } from './unit-report.events.js';

const report = deciderSpec(unitReportDecider);
const day = '2026-03-02';
const rates = (...pairs: [code: string, ratePct: string | null][]): { code: string; ratePct: string | null }[] =>
  pairs.map(([code, ratePct]) => ({ code, ratePct }));
const asked = (pairs: [string, string | null][], totalPct?: string | null): UnitReportCommand => ({
  type: 'report',
  day,
  rates: rates(...pairs),
  totalPct,
});
const reported = unitRatesReported({ day, rates: rates(['A', '92.5'], ['B', null]), totalPct: '91' });

describe('a report of unit rates', () => {
  it('takes rates, units that do not report, and the total', () => {
    report.given([]).when(asked([['A', '92.50'], ['B', null]], '91.00')).then([reported]); // prettier-ignore
  });
  it('replaces the rate of a unit named again with another, and leaves out the same', () => {
    report
      .given([reported])
      .when(
        asked([
          ['A', '92.5'],
          ['B', '80'],
        ]),
      ) // prettier-ignore
      .then([unitRatesReported({ day, rates: rates(['B', '80']), totalPct: null })]);
    report
      .given([reported])
      .when(asked([['A', '92.5000']], '91'))
      .then(nothing());
    const state = report.given([reported, unitRatesReported({ day, rates: rates(['B', '80']), totalPct: null })]).state;
    expect([...state.rates]).toEqual([['A', '92.5'], ['B', '80']]); // prettier-ignore
    expect(state.totalPct).toBe('91');
  });
  it('counts the last of a unit named twice', () => {
    report
      .given([])
      .when(
        asked([
          ['A', '10'],
          ['A', '20'],
        ]),
      ) // prettier-ignore
      .then([unitRatesReported({ day, rates: rates(['A', '20']), totalPct: null })]);
  });
  it('refuses what is no percentage', () => {
    for (const bad of ['101', '-1', '9O', '1.23456', '']) {
      report.given([]).when(asked([['A', bad]])).then(rejection('INVALID', ['rates', '0', 'ratePct'])); // prettier-ignore
    }
    report.given([]).when(asked([['A', '1']], '100.01')).then(rejection('INVALID', ['totalPct'])); // prettier-ignore
  });
  it('refuses an empty report', () => {
    report
      .given([])
      .when(asked([]))
      .then(rejection('INVALID', ['rates']));
  });
});
