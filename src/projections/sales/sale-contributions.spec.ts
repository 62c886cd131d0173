import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { saleDecider, type RecordedSale, type SaleCommand, type SaleState } from '../../domain/sales/sale.decider.js';
import type { SaleEvent } from '../../domain/sales/sale.events.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { isWhole, type Whole } from '../../domain/shared/whole.js';
import type { Row } from '../engine/projection.js';
import {
  categoryContributions,
  customerContributions,
  dayContributions,
  productContributions,
} from './sale-contributions.js';
import { evolveSale, type SaleRow } from './sale-row.js';

const SALE = '7d0a4f36-94f4-4d19-9f0c-0d1c9a6f4a11';

const header = {
  kind: 'sale' as const,
  reference: '536365',
  day: '2010-12-01',
  soldAt: '2010-12-01T08:26:00.000Z',
  currency: 'GBP',
  customerId: '17850',
  customerName: null,
  country: 'United Kingdom',
  region: null,
  channel: null,
  shippedOn: null,
};
const line = (over: object = {}) => ({
  sku: 'A',
  product: 'Lamp',
  category: [],
  quantity: '2',
  unitPrice: '10',
  ...over,
});
const refund = (amount: string, day = '2010-12-03'): SaleCommand => ({
  type: 'refund', refundId: crypto.randomUUID(), day, what: { amount }, reason: 'broken',
}); // prettier-ignore

/** The events that the commands lead to; refused ones are left out. */
function eventsOf(commands: readonly SaleCommand[]): { events: SaleEvent[]; state: SaleState } {
  const events: SaleEvent[] = [];
  let state = saleDecider.initialState;
  for (const command of commands) {
    const decision = saleDecider.decide(command, state);
    if (decision instanceof Rejection) continue;
    events.push(...decision);
    state = decision.reduce(saleDecider.evolve, state);
  }
  return { events, state };
}

const recorded = (event: SaleEvent, revision: number): RecordedEvent<SaleEvent> =>
  ({ ...event, streamName: `sale-${SALE}`, revision }) as unknown as RecordedEvent<SaleEvent>;

const rowOf = (...commands: SaleCommand[]): SaleRow => {
  const { events } = eventsOf(commands);
  const row = events.reduce<SaleRow | undefined>(
    (before, event, revision) => evolveSale(before, recorded(event, revision)),
    undefined,
  );
  if (!row) throw new Error('the first command was refused');
  return row;
};
const record = (over: object = {}, ...lines: object[]): SaleCommand => ({
  type: 'record',
  header: { ...header, ...over },
  lines: (lines.length > 0 ? lines : [{}]).map((given) => line(given)),
});
const units = (value: number): number => Math.round(value * 1_000_000);

/** As the engine does: on every event, what the row before gave is taken off and what the row after gives is added. */
function byDifferences(
  events: readonly SaleEvent[],
  contributions: (row: SaleRow) => Row[],
  keys: readonly string[],
): Map<string, Record<string, bigint>> {
  const sums = new Map<string, Record<string, bigint>>();
  const apply = (row: SaleRow | undefined, sign: bigint): void => {
    for (const contribution of row ? contributions(row) : []) {
      const key = JSON.stringify(keys.map((name) => contribution[name]));
      const sum = sums.get(key) ?? {};
      for (const [name, value] of Object.entries(contribution)) {
        if (!keys.includes(name)) sum[name] = (sum[name] ?? 0n) + sign * BigInt(value as Whole);
      }
      sums.set(key, sum);
    }
  };
  let row: SaleRow | undefined;
  events.forEach((event, revision) => {
    const after = evolveSale(row, recorded(event, revision));
    apply(row, -1n);
    apply(after, 1n);
    row = after;
  });
  return sums;
}
const totals = (sums: Map<string, Record<string, bigint>>, name: string): bigint =>
  [...sums.values()].reduce((total, sum) => total + (sum[name] ?? 0n), 0n);

const added = (amounts: bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

/** The definitions again, in other words, from the state that the decider folds. */
function expected({ header: { kind, scale }, lines: all, refunds, cancelled }: RecordedSale): Record<string, bigint> {
  const at = (amount: number): bigint => BigInt(amount) * 10n ** BigInt(6 - scale);
  const sold = kind === 'sale' ? all.filter((one) => Number(one.quantity) > 0 && Number(one.unitPrice) > 0) : [];
  const back = [...refunds, ...(cancelled ? [cancelled] : [])].map(({ amount }) => at(amount));
  return {
    gross: added(sold.map(({ amount }) => at(amount))),
    units: added(sold.map(({ quantity }) => BigInt(units(Number(quantity))))),
    net: added(all.map(({ amount }) => at(amount))) - added(back),
    refunds: -added(back),
    lines: BigInt(all.length),
    orders: sold.length > 0 ? 1n : 0n,
  };
}

describe('what a sale adds to its day', () => {
  it('counts as gross, units and order only lines with a quantity and a price above 0', () => {
    const row = rowOf(record({}, {}, { quantity: '-5', unitPrice: '0' }, { quantity: '3', unitPrice: '0' }));
    expect(dayContributions(row)).toEqual([
      expect.objectContaining({
        day: '2010-12-01', country: 'United Kingdom', gross: units(20), net: units(20), units: units(2), orders: 1,
        lines: 3, sale_lines: 1, zero_price_lines: 2, negative_lines: 1, cancellations: 0, lines_without_customer: 0,
      }),
    ]); // prettier-ignore
  });
  it('keeps credit notes out of gross, and shows them as cancellations', () => {
    const row = rowOf(record({ kind: 'credit_note', customerId: null }, { quantity: '-2' }));
    expect(dayContributions(row)).toEqual([
      expect.objectContaining({
        gross: 0, orders: 0, credit_notes: 1, cancellations: units(-20), net: units(-20), negative_lines: 0, lines_without_customer: 1,
      }),
    ]); // prettier-ignore
  });
  it('keeps adjustments apart', () => {
    const row = rowOf(record({ kind: 'adjustment' }, { quantity: '1', unitPrice: '-11062.06' }));
    expect(dayContributions(row)).toEqual([
      expect.objectContaining({
        gross: 0,
        adjustments: units(-11062.06),
        adjustment_lines: 1,
        net: units(-11062.06),
      }),
    ]);
  });
  it('counts what is given back on the day it is given back, and leaves gross as it was', () => {
    const row = rowOf(record(), refund('5'), { type: 'cancel', day: '2010-12-07', reason: 'never came' });
    expect(row).toMatchObject({ status: 'CANCELLED', total: 20_000_000n, refunded: 20_000_000n, version: 3 });
    expect(dayContributions(row)).toEqual([
      expect.objectContaining({ day: '2010-12-01', gross: units(20), net: units(20), refunds: 0, orders: 1 }),
      expect.objectContaining({
        day: '2010-12-03',
        gross: 0,
        net: units(-5),
        refunds: units(-5),
        orders: 0,
        documents: 0,
      }),
      expect.objectContaining({ day: '2010-12-07', gross: 0, net: units(-15), refunds: units(-15) }),
    ]);
  });
  it('counts lines that repeat another line of the document', () => {
    const twice = rowOf(record({}, {}, {}, { quantity: '3' }));
    expect(dayContributions(twice)).toEqual([expect.objectContaining({ duplicate_lines: 1 })]);
    const later = rowOf(record({}, {}, { soldAt: '2010-12-01T08:27:00.000Z' }));
    expect(dayContributions(later)).toEqual([expect.objectContaining({ duplicate_lines: 0 })]);
  });
  it('weighs the days to shipment by lines', () => {
    const row = rowOf(record({ shippedOn: '2010-12-05' }, {}, {}));
    expect(dayContributions(row)).toEqual([expect.objectContaining({ shipped_lines: 2, ship_days: 8 })]);
  });
});

describe('what a sale adds to customers, products and categories', () => {
  it('adds nothing to customers when it names none', () => {
    expect(customerContributions(rowOf(record({ customerId: null })))).toEqual([]);
  });
  it('adds a line to its product under the name it has there, with its profit', () => {
    const row = rowOf(record({}, { profit: '-0.5', unitPrice: '0.001' }, { product: 'Lamp, green' }));
    expect(productContributions(row)).toEqual([
      expect.objectContaining({
        sku: 'A',
        product: 'Lamp',
        gross: units(0.002),
        profit: units(-0.5),
        profit_lines: 1,
      }),
      expect.objectContaining({ sku: 'A', product: 'Lamp, green', gross: units(20), profit: 0, profit_lines: 0 }),
    ]);
  });
  it('adds nothing to categories where a line has none', () => {
    const row = rowOf(record({}, {}, { category: ['Home', 'Light'] }));
    expect(categoryContributions(row)).toEqual([expect.objectContaining({ category: 'Home\u001fLight', lines: 1 })]);
  });
  it('takes a refund of lines off their products, and a refunded sum off none', () => {
    const lines: SaleCommand = {
      type: 'refund', refundId: SALE, day: '2010-12-02', what: { lines: [{ lineNo: 1, quantity: '1' }] }, reason: 'broken',
    }; // prettier-ignore
    const row = rowOf(record(), lines, refund('1'));
    expect(productContributions(row).slice(1)).toEqual([
      expect.objectContaining({ day: '2010-12-02', sku: 'A', net: units(-10), refunds: units(-10), lines: 0 }),
    ]);
  });
});

describe('any history of amendments, added lines, refunds and a cancellation', () => {
  const lineInput = fc.record({
    sku: fc.constantFrom('A', 'B'),
    product: fc.constantFrom('Lamp', 'Bag'),
    category: fc.constantFrom([], ['Home'], ['Home', 'Light']),
    quantity: fc.constantFrom('1', '2', '0.5', '-1'),
    unitPrice: fc.constantFrom('0', '10', '2.55', '0.001'),
  });
  const lines = fc.array(lineInput, { minLength: 1, maxLength: 4 });
  const day = fc.constantFrom('2010-12-01', '2010-12-02', '2011-01-05');
  const command: fc.Arbitrary<SaleCommand> = fc.oneof(
    lines.map((given): SaleCommand => ({ type: 'addLines', lines: given })),
    fc.record({ type: fc.constant('amend' as const), changes: fc.record({ day, country: fc.constantFrom(null, 'EIRE'), customerId: fc.constantFrom(null, '1') }), lines, reason: fc.constant('typo') }),
    fc.record({ type: fc.constant('amend' as const), changes: fc.record({ kind: fc.constantFrom('sale', 'adjustment') }), reason: fc.constant('typo') }),
    fc.record({ type: fc.constant('refund' as const), refundId: fc.uuid(), day, what: fc.oneof(fc.constant('everything' as const), fc.constantFrom('1', '0.5', '7').map((amount) => ({ amount })), fc.constantFrom(1, 2).map((lineNo) => ({ lines: [{ lineNo, quantity: '0.5' }] }))), reason: fc.constant('broken') }),
    fc.record({ type: fc.constant('cancel' as const), day, reason: fc.constant('wrong') }),
  ); // prettier-ignore

  it('gives the same sums step by step as from its last state alone', () => {
    fc.assert(
      fc.property(lines, fc.array(command, { maxLength: 8 }), (first, commands) => {
        const { events, state } = eventsOf([{ type: 'record', header, lines: first }, ...commands]);
        if (!state.exists) throw new Error('not recorded');
        const days = byDifferences(events, dayContributions, ['day', 'currency', 'country', 'region', 'channel']);
        const want = expected(state);
        for (const [name, value] of Object.entries(want)) expect([name, totals(days, name)]).toEqual([name, value]);
        const products = byDifferences(events, productContributions, ['day', 'currency', 'sku', 'product']);
        for (const name of ['gross', 'units', 'lines'])
          expect([name, totals(products, name)]).toEqual([name, want[name]]);

        const row = rowOf({ type: 'record', header, lines: first }, ...commands);
        const alone = new Map<string, Record<string, bigint>>();
        for (const contribution of dayContributions(row)) {
          const sum = alone.get(contribution['day'] as string) ?? {};
          for (const [name, value] of Object.entries(contribution)) {
            if (isWhole(value)) sum[name] = (sum[name] ?? 0n) + BigInt(value);
          }
          alone.set(contribution['day'] as string, sum);
        }
        const stepwise = [...days].filter(([, sum]) => Object.values(sum).some((value) => value !== 0n));
        for (const [key, sum] of stepwise) {
          expect(sum).toEqual(alone.get((JSON.parse(key) as string[])[0] ?? ''));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('comes to the same state as the decider', () => {
    fc.assert(
      fc.property(lines, fc.array(command, { maxLength: 8 }), (first, commands) => {
        const all: SaleCommand[] = [{ type: 'record', header, lines: first }, ...commands];
        const { state } = eventsOf(all);
        if (!state.exists) throw new Error('not recorded');
        const row = rowOf(...all);
        expect(row).toMatchObject({
          lines: state.lines,
          scale: state.header.scale,
          day: state.header.day,
          kind: state.header.kind,
        });
        expect(row.total).toBe(BigInt(state.total) * 10n ** BigInt(6 - state.header.scale));
      }),
    );
  });
});
