import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { Rejection } from '../shared/rejection.js';
import type { SaleLineInput } from './sale-lines.js';
import { saleDecider, type SaleCommand, type SaleHeaderInput, type SaleState } from './sale.decider.js';
import {
  saleAmended,
  saleCancelled,
  saleLinesAdded,
  saleRecorded,
  saleRefunded,
  type SaleEvent,
} from './sale.events.js';

const sale = deciderSpec(saleDecider);

const header: SaleHeaderInput = {
  kind: 'sale',
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
const lantern: SaleLineInput = {
  sku: '71053',
  product: 'WHITE METAL LANTERN',
  category: [],
  quantity: '6',
  unitPrice: '3.39',
};
const bag: SaleLineInput = { sku: '85099B', product: 'JUMBO BAG', category: [], quantity: '2', unitPrice: '10' };
const lanternLine = {
  lineNo: 1, sku: '71053', product: 'WHITE METAL LANTERN', category: [], quantity: '6', unitPrice: '3.39', amount: 2034, profit: null,
}; // prettier-ignore
const bagLine = {
  ...lanternLine,
  lineNo: 2,
  sku: '85099B',
  product: 'JUMBO BAG',
  quantity: '2',
  unitPrice: '10',
  amount: 2000,
};

const recordIt: SaleCommand = { type: 'record', header, lines: [lantern, bag] };
const recorded = saleRecorded({ ...header, scale: 2, lines: [lanternLine, bagLine] });
const record = (line: Partial<SaleLineInput>, more: Partial<SaleHeaderInput> = {}): SaleCommand => ({
  type: 'record',
  header: { ...header, ...more },
  lines: [{ ...lantern, ...line }],
});
const withLine = (line: object, more: object = {}): SaleEvent =>
  saleRecorded({ ...header, scale: 2, ...more, lines: [{ ...lanternLine, ...line }] });

const refundId = '7d0a4f36-94f4-4d19-9f0c-0d1c9a6f4a11';
const refundOf = (
  what: Extract<SaleCommand, { type: 'refund' }>['what'],
  more: Partial<Extract<SaleCommand, { type: 'refund' }>> = {},
): SaleCommand => ({ type: 'refund', refundId, day: '2010-12-03', what, reason: 'broken', ...more });
const refunded = (amount: number, lines: { lineNo: number; quantity: string; amount: number }[] = []): SaleEvent =>
  saleRefunded({ refundId, day: '2010-12-03', amount, lines, reason: 'broken' });
const otherRefund = (amount: number, lines: { lineNo: number; quantity: string; amount: number }[] = []): SaleEvent =>
  saleRefunded({ refundId: '00000000-0000-4000-8000-000000000001', day: '2010-12-02', amount, lines, reason: 'late' });

const amend = (changes: object, lines?: SaleLineInput[]): SaleCommand => ({
  type: 'amend',
  changes,
  lines,
  reason: 'typo',
});
const cancelIt: SaleCommand = { type: 'cancel', day: '2010-12-04', reason: 'never delivered' };
const cancelled = (amount: number, lines: { lineNo: number; quantity: string; amount: number }[] = []): SaleEvent =>
  saleCancelled({ day: '2010-12-04', amount, lines, reason: 'never delivered' });

describe('record a sale', () => {
  it('works out each line at the scale of the currency and numbers the lines', () => {
    const state = sale.given([]).when(recordIt).then([recorded]);
    expect(state).toMatchObject({ total: 4034, refunded: 0, cancelled: null });
  });
  it('keeps every digit of a finer price', () => {
    const expected = withLine({ quantity: '12', unitPrice: '0.001', amount: 12 }, { scale: 3 });
    sale
      .given([])
      .when(record({ quantity: '12', unitPrice: '0.001' }))
      .then([expected]);
  });
  it('has no decimals where the currency has none', () => {
    const expected = withLine({ unitPrice: '500', amount: 3000 }, { currency: 'JPY', scale: 0 });
    sale
      .given([])
      .when(record({ unitPrice: '500' }, { currency: 'JPY' }))
      .then([expected]);
  });
  it('rounds half to even beyond six decimals', () => {
    const price = '0.0000005';
    const expected = withLine({ quantity: '1', unitPrice: price, amount: 0 }, { scale: 6 });
    sale
      .given([])
      .when(record({ quantity: '1', unitPrice: price }))
      .then([expected]);
    const odd = withLine({ quantity: '3', unitPrice: price, amount: 2 }, { scale: 6 });
    sale
      .given([])
      .when(record({ quantity: '3', unitPrice: price }))
      .then([odd]);
  });
  it('refuses more than read models can hold, and takes the most that they can', () => {
    const most = { quantity: '9000000000000', unitPrice: '1' };
    const yen = { currency: 'JPY' };
    sale
      .given([])
      .when(record(most, yen))
      .then([withLine({ ...most, amount: 9_000_000_000_000 }, { ...yen, scale: 0 })]);
    sale
      .given([])
      .when(record({ quantity: '9000000000001', unitPrice: '1' }, yen))
      .then(rejection('INVALID', ['lines']));
  });
  it('takes the amount that the source states after a discount, and its profit', () => {
    const expected = withLine({ amount: 1500, profit: -25 });
    sale
      .given([])
      .when(record({ amount: '15.00', profit: '-0.25' }))
      .then([expected]);
  });
  it('works out the unit price where only the amount is known', () => {
    const expected = withLine({ quantity: '3', unitPrice: '3.333333333', amount: 1000 });
    const { unitPrice: _, ...priceless } = lantern;
    sale
      .given([])
      .when({ type: 'record', header, lines: [{ ...priceless, quantity: '3', amount: '10' }] })
      .then([expected]);
  });
  it.each([
    ['quantity', { quantity: '1,234' }],
    ['quantity', { quantity: '0.0000001' }],
    ['unitPrice', { unitPrice: '1,234.5O' }],
    ['unitPrice', { unitPrice: undefined }],
    ['amount', { amount: '-20.34' }],
    ['amount', { amount: '2034' }],
    ['amount', { quantity: '0', amount: '5' }],
    ['amount', { quantity: '999999999999999', unitPrice: '999' }],
    ['quantity', { unitPrice: undefined, quantity: '0.000001', amount: '99999999999999' }],
  ] as const)('refuses a line whose %s makes no sense: %j', (field, line) => {
    sale
      .given([])
      .when(record(line))
      .then(rejection('INVALID', ['lines', '0', field]));
  });
  it('refuses a total beyond what is exact', () => {
    const huge = { ...lantern, quantity: '1', unitPrice: '90000000000000' };
    sale
      .given([])
      .when({ type: 'record', header, lines: [huge, huge] })
      .then(rejection('INVALID', ['lines']));
  });
  it('refuses a line number that stands twice', () => {
    const lines = [
      { ...lantern, lineNo: 4 },
      { ...bag, lineNo: 4 },
    ];
    sale
      .given([])
      .when({ type: 'record', header, lines })
      .then(rejection('INVALID', ['lines']));
  });
  it('refuses more lines than one event of the store takes', () => {
    const lines = Array.from({ length: 9_000 }, () => ({
      ...lantern,
      product: 'a name as long as names are'.repeat(3),
    }));
    sale
      .given([])
      .when({ type: 'record', header, lines })
      .then(rejection('INVALID', ['lines']));
  });
  it('takes a credit note with negative quantities, and refuses one that takes money', () => {
    const expected = withLine({ quantity: '-6', amount: -2034 }, { kind: 'credit_note' });
    sale
      .given([])
      .when(record({ quantity: '-6' }, { kind: 'credit_note' }))
      .then([expected]);
    sale
      .given([])
      .when(record({}, { kind: 'credit_note' }))
      .then(rejection('INVALID', ['lines']));
  });
  it('refuses other content under the same id', () => {
    sale.given([recorded]).when(record({})).then(rejection('ALREADY_EXISTS'));
  });
});

describe('add lines', () => {
  const third = { ...lantern, lineNo: 3 };
  const thirdLine = { ...lanternLine, lineNo: 3 };
  it('appends lines, and none that stand there already', () => {
    const command: SaleCommand = { type: 'addLines', lines: [{ ...bag, lineNo: 2 }, third] };
    const state = sale
      .given([recorded])
      .when(command)
      .then([saleLinesAdded({ scale: 2, lines: [thirdLine] })]);
    expect(state).toMatchObject({ total: 6068 });
  });
  it('goes on counting where no number is given', () => {
    sale
      .given([recorded])
      .whenOnce({ type: 'addLines', lines: [lantern] }, 'without a number, the same line again is one more line')
      .then([saleLinesAdded({ scale: 2, lines: [thirdLine] })]);
  });
  it('raises the scale of the sale for a finer line', () => {
    const fine = { ...third, unitPrice: '0.001' };
    const state = sale
      .given([recorded, refunded(100)])
      .when({ type: 'addLines', lines: [fine] })
      .then([saleLinesAdded({ scale: 3, lines: [{ ...thirdLine, unitPrice: '0.001', amount: 6 }] })]);
    expect(state).toMatchObject({ header: { scale: 3 }, total: 40_346, refunded: 1000 });
  });
  it('refuses other content under a number that is taken', () => {
    const command: SaleCommand = { type: 'addLines', lines: [{ ...lantern, lineNo: 2 }] };
    sale
      .given([recorded])
      .when(command)
      .then(rejection('ALREADY_EXISTS', ['lines', '0', 'lineNo']));
  });
  it('refuses more than a sale may have', () => {
    const lines = Array.from({ length: 9_999 }, () => ({ ...lantern, product: '', sku: '' }));
    sale
      .given([recorded])
      .when({ type: 'addLines', lines })
      .then(rejection('INVALID', ['lines']));
  });
  it('refuses them of a sale that is not there', () => {
    sale
      .given([])
      .when({ type: 'addLines', lines: [lantern] })
      .then(rejection('NOT_FOUND'));
  });
});

describe('amend a sale', () => {
  it('says what was and what is', () => {
    const expected = saleAmended({
      from: { country: 'United Kingdom' },
      to: { country: 'EIRE' },
      lines: null,
      reason: 'typo',
    });
    sale
      .given([recorded])
      .when(amend({ country: 'EIRE', reference: '536365' }, [lantern, bag]))
      .then([expected]);
  });
  it('replaces all lines when one differs', () => {
    const expected = saleAmended({
      from: {},
      to: {},
      lines: [{ ...lanternLine, quantity: '7', amount: 2373 }],
      reason: 'typo',
    });
    sale
      .given([recorded])
      .when(amend({}, [{ ...lantern, quantity: '7' }]))
      .then([expected]);
  });
  it('does nothing when all is so already', () => {
    sale
      .given([recorded])
      .when(amend({ country: 'United Kingdom' }))
      .then(nothing());
  });
  it('takes the decimals that another currency needs', () => {
    const yen = saleRecorded({
      ...header,
      currency: 'JPY',
      scale: 0,
      lines: [{ ...lanternLine, unitPrice: '5', amount: 30 }],
    });
    const expected = saleAmended({
      from: { currency: 'JPY', scale: 0 },
      to: { currency: 'GBP', scale: 2 },
      lines: null,
      reason: 'typo',
    });
    const state = sale
      .given([yen])
      .when(amend({ currency: 'GBP' }))
      .then([expected]);
    expect(state).toMatchObject({ total: 3000 });
  });
  it('refuses to take away what was given back', () => {
    const given = [recorded, refunded(1017, [{ lineNo: 1, quantity: '3', amount: 1017 }])];
    sale
      .given(given)
      .when(amend({}, [{ ...lantern, quantity: '2' }, bag]))
      .then(rejection('NOT_ALLOWED_NOW', ['lines']));
    sale
      .given(given)
      .when(amend({}, [{ ...bag, lineNo: 2 }]))
      .then(rejection('NOT_ALLOWED_NOW', ['lines']));
    sale
      .given([recorded, refunded(2000)])
      .when(amend({}, [lantern]))
      .then([saleAmended({ from: {}, to: {}, lines: [lanternLine], reason: 'typo' })]);
    sale
      .given([recorded, refunded(2035)])
      .when(amend({}, [lantern]))
      .then(rejection('NOT_ALLOWED_NOW', ['lines']));
  });
  it('refuses another currency or kind once money was given back', () => {
    sale
      .given([recorded, refunded(1)])
      .when(amend({ currency: 'EUR' }))
      .then(rejection('NOT_ALLOWED_NOW', ['currency']));
    sale
      .given([recorded, refunded(1)])
      .when(amend({ kind: 'adjustment' }))
      .then(rejection('NOT_ALLOWED_NOW', ['kind']));
  });
});

describe('refund a sale', () => {
  it('gives back pieces of a line at their share', () => {
    const expected = refunded(678, [{ lineNo: 1, quantity: '2', amount: 678 }]);
    sale
      .given([recorded])
      .when(refundOf({ lines: [{ lineNo: 1, quantity: '2' }] }))
      .then([expected]);
  });
  it('gives back the last pieces with what rounding left over', () => {
    const thirds = saleRecorded({ ...header, scale: 2, lines: [{ ...lanternLine, quantity: '3', amount: 1000 }] });
    const first = otherRefund(667, [{ lineNo: 1, quantity: '2', amount: 667 }]);
    const expected = refunded(333, [{ lineNo: 1, quantity: '1', amount: 333 }]);
    sale
      .given([thirds, first])
      .when(refundOf({ lines: [{ lineNo: 1, quantity: '1' }] }))
      .then([expected]);
  });
  it('gives back a sum, and then what is left', () => {
    sale
      .given([recorded])
      .when(refundOf({ amount: '10.5' }))
      .then([refunded(1050)]);
    sale
      .given([recorded, otherRefund(1050)])
      .when(refundOf('everything'))
      .then([refunded(2984)]);
  });
  it('names the lines when everything is given back', () => {
    const expected = refunded(4034, [
      { lineNo: 1, quantity: '6', amount: 2034 },
      { lineNo: 2, quantity: '2', amount: 2000 },
    ]);
    sale.given([recorded]).when(refundOf('everything')).then([expected]);
  });
  it.each([
    [['lines', '0', 'lineNo'], { lines: [{ lineNo: 9, quantity: '1' }] }],
    [
      ['lines', '1', 'lineNo'],
      {
        lines: [
          { lineNo: 1, quantity: '1' },
          { lineNo: 1, quantity: '1' },
        ],
      },
    ],
    [['lines', '0', 'quantity'], { lines: [{ lineNo: 1, quantity: '7' }] }],
    [['lines', '0', 'quantity'], { lines: [{ lineNo: 1, quantity: '0' }] }],
    [['lines', '0', 'amount'], { lines: [{ lineNo: 1, quantity: '1', amount: '20.35' }] }],
    [['lines', '0', 'amount'], { lines: [{ lineNo: 1, quantity: '1', amount: '1.005' }] }],
    [['amount'], { amount: '40.35' }],
    [['amount'], { amount: '0' }],
    [['amount'], { amount: '1.005' }],
  ] as const)('refuses more than is left, or what is no amount, at %j', (field, what) => {
    sale
      .given([recorded])
      .when(refundOf(what))
      .then(rejection('INVALID', [...field]));
  });
  it('refuses when nothing is left, before the sale, and of other documents', () => {
    sale
      .given([recorded, otherRefund(4034)])
      .when(refundOf({ amount: '1' }))
      .then(rejection('NOT_ALLOWED_NOW'));
    sale
      .given([recorded])
      .when(refundOf('everything', { day: '2010-11-30' }))
      .then(rejection('INVALID', ['day']));
    const note = withLine({ quantity: '-6', amount: -2034 }, { kind: 'credit_note' });
    sale.given([note]).when(refundOf('everything')).then(rejection('NOT_ALLOWED_NOW'));
  });
});

describe('cancel a sale', () => {
  it('gives back what was not refunded yet', () => {
    const given = otherRefund(2034, [{ lineNo: 1, quantity: '6', amount: 2034 }]);
    sale
      .given([recorded, given])
      .when(cancelIt)
      .then([cancelled(2000, [{ lineNo: 2, quantity: '2', amount: 2000 }])]);
    sale
      .given([recorded, otherRefund(34)])
      .when(cancelIt)
      .then([cancelled(4000)]);
  });
  it('takes a credit note back', () => {
    const note = withLine({ quantity: '-6', amount: -2034 }, { kind: 'credit_note' });
    sale
      .given([note])
      .when(cancelIt)
      .then([cancelled(-2034)]);
  });
  it('is the end of the sale', () => {
    const given = [recorded, cancelled(4034)];
    sale.given(given).when(refundOf('everything')).then(rejection('NOT_ALLOWED_NOW'));
    sale
      .given(given)
      .when({ type: 'addLines', lines: [lantern] })
      .then(rejection('NOT_ALLOWED_NOW'));
    sale
      .given(given)
      .when({ type: 'amend', changes: { country: 'EIRE' }, reason: 'typo' })
      .then(rejection('NOT_ALLOWED_NOW'));
  });
});

describe('any sequence of refunds', () => {
  it('never gives back more than the sale came to, of the whole or of a line', () => {
    const what = fc.oneof(
      fc.constant('everything' as const),
      fc.integer({ min: 1, max: 3000 }).map((cents) => ({ amount: (cents / 100).toFixed(2) })),
      fc
        .uniqueArray(
          fc.record({ lineNo: fc.integer({ min: 1, max: 2 }), quantity: fc.integer({ min: 1, max: 6 }).map(String) }),
          {
            selector: ({ lineNo }) => lineNo,
            minLength: 1,
          },
        )
        .map((lines) => ({ lines })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uuid(), what), { maxLength: 8 }), (refunds) => {
        let state: SaleState = saleDecider.evolve(saleDecider.initialState, recorded);
        for (const [id, part] of refunds) {
          const decision = saleDecider.decide(refundOf(part, { refundId: id }), state);
          if (!(decision instanceof Rejection)) state = decision.reduce(saleDecider.evolve, state);
        }
        if (!state.exists) throw new Error('gone');
        expect(state.refunded).toBeLessThanOrEqual(state.total);
        for (const line of state.lines) {
          const given = state.refunds.flatMap(({ lines }) => lines.filter(({ lineNo }) => lineNo === line.lineNo));
          expect(given.reduce((total, { amount }) => total + amount, 0)).toBeLessThanOrEqual(line.amount);
          expect(given.reduce((total, { quantity }) => total + Number(quantity), 0)).toBeLessThanOrEqual(
            Number(line.quantity),
          );
        }
      }),
    );
  });
});
