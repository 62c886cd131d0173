/** The sales projection through the real engine: every batch is delivered twice, and must count once. */
import { v4 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saleDecider, type SaleCommand, type SaleState } from '../../src/domain/sales/sale.decider.js';
import { Rejection } from '../../src/domain/shared/rejection.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { salesProjection } from '../../src/projections/sales/sales.projection.js';
import { createTestDatabase, projectionTester, type ProjectionTester, type TestDatabase } from '../support/database.js';

const workspaceId = v4();
let database: TestDatabase;
let tester: () => ProjectionTester;
let commit = 0n;

beforeAll(async () => {
  database = await createTestDatabase();
  tester = projectionTester(database, salesProjection);
});
afterAll(async () => database.drop());

const line = (over: object = {}) => ({
  sku: 'A',
  product: 'Lamp',
  category: ['Home'],
  quantity: '2',
  unitPrice: '10',
  ...over,
});
const record = (over: object = {}, ...lines: object[]): SaleCommand => ({
  type: 'record',
  header: {
    kind: 'sale', reference: '1', day: '2026-03-01', soldAt: '2026-03-01T09:30:00.000Z', currency: 'EUR', customerId: '7',
    customerName: null, country: 'France', region: null, channel: 'web', shippedOn: null, ...over,
  },
  lines: (lines.length > 0 ? lines : [{}]).map((given) => line(given)),
}); // prettier-ignore

/** The recorded events of one sale that the commands lead to. */
function saleEventsOf(saleId: string, ...commands: SaleCommand[]): RecordedEvent[] {
  let state: SaleState = saleDecider.initialState;
  let revision = 0;
  return commands.flatMap((command) => {
    const decision = saleDecider.decide(command, state);
    if (decision instanceof Rejection) throw new Error(decision.message);
    state = decision.reduce(saleDecider.evolve, state);
    return decision.map((event): RecordedEvent => {
      commit += 1n;
      const recordedAt = '2026-03-01T10:00:00.000Z';
      const metadata = {
        workspaceId, actor: { kind: 'user' as const, id: 'ann' }, commandId: v4(), $correlationId: v4(), $causationId: v4(),
        schemaVersion: 1, occurredAt: recordedAt,
      }; // prettier-ignore
      return {
        ...event,
        id: v4(),
        streamName: `sale-${saleId}`,
        revision: revision++,
        position: { commit, prepare: commit },
        metadata,
        recordedAt,
      };
    });
  });
}

describe('the sales projection', () => {
  it('keeps a document as it is now, with its lines', async () => {
    const saleId = v4();
    const events = saleEventsOf(
      saleId,
      record(),
      { type: 'addLines', lines: [line({ sku: 'B', unitPrice: '0.001' })] },
      {
        type: 'refund',
        refundId: v4(),
        day: '2026-03-02',
        what: { lines: [{ lineNo: 1, quantity: '1' }] },
        reason: 'broken',
      },
    );
    const [row] = await tester()
      .given(...events.slice(0, 1))
      .given(...events.slice(1))
      .rows();
    expect(row).toMatchObject({
      sale_id: saleId, day: '2026-03-01', scale: 3, status: 'PARTLY_REFUNDED', line_count: 2, total: '20002000', refunded: '10000000',
      lines: [{ lineNo: 1, amount: 20_000 }, { lineNo: 2, amount: 2 }], version: 3,
    }); // prettier-ignore
  });

  it('moves what a document adds when it is amended, and leaves nothing behind', async () => {
    const events = saleEventsOf(v4(), record(), {
      type: 'amend',
      changes: { day: '2026-02-28', country: null },
      lines: [line({ sku: 'B' })],
      reason: 'typo',
    });
    const after = tester()
      .given(...events.slice(0, 1))
      .given(...events.slice(1));
    expect(await after.rows('sales_by_day')).toMatchObject([
      { day: '2026-02-28', country: '', channel: 'web', gross: '20000000', orders: '1' },
    ]);
    expect(await after.rows('sales_by_product')).toMatchObject([
      { day: '2026-02-28', sku: 'B', product: 'Lamp', lines: '1' },
    ]);
    expect(await after.rows('sales_by_customer')).toMatchObject([{ day: '2026-02-28', customer_id: '7', country: '' }]);
  });

  it('adds up the documents of a day, whatever batches they come in', async () => {
    const sales = [
      record(),
      record({}, {}, { category: [], product: 'Bag' }),
      record({ kind: 'credit_note', customerId: null }, { quantity: '-1' }),
    ];
    const events = sales.flatMap((command) => saleEventsOf(v4(), command));
    const expected = [
      expect.objectContaining({
        documents: '3',
        orders: '2',
        credit_notes: '1',
        gross: '60000000',
        cancellations: '-10000000',
        net: '50000000',
      }),
    ];
    expect(
      await tester()
        .given(...events)
        .rows('sales_by_day'),
    ).toEqual(expected);
    const apart = events.reduce((given, event) => given.given(event), tester());
    expect(await apart.rows('sales_by_day')).toEqual(expected);
    expect(await apart.rows('sales_by_category')).toMatchObject([{ category: 'Home', lines: '3', sale_lines: '2' }]);
  });

  it('adds up amounts and units that no 64 bits hold', async () => {
    const most = { quantity: '9000000000000', unitPrice: '1' };
    const events = [1, 2, 3].flatMap(() => saleEventsOf(v4(), record({ currency: 'JPY' }, most)));
    const sums = { gross: '27000000000000000000', net: '27000000000000000000', units: '27000000000000000000' };
    const after = tester().given(...events);
    for (const table of ['sales_by_day', 'sales_by_customer', 'sales_by_product', 'sales_by_category'])
      expect(await after.rows(table)).toMatchObject([sums]);
  });

  it('keeps the longest texts that a command takes', async () => {
    let next = 0x4e00;
    const text = (length: number): string => Array.from({ length }, () => String.fromCharCode((next += 7))).join('');
    const longest = { sku: text(100), product: text(500), category: Array.from({ length: 5 }, () => text(100)) };
    const place = { country: text(100), region: text(100), channel: text(100), customerId: text(100) };
    const header = { ...place, reference: text(100), customerName: text(200) };
    const after = tester().given(...saleEventsOf(v4(), record(header, longest)));
    expect(await after.rows('sales_by_category')).toMatchObject([{ category: longest.category.join('\u001f') }]);
  });

  it('shows what is given back on its own day, and a cancelled document as such', async () => {
    const events = saleEventsOf(v4(), record(), { type: 'cancel', day: '2026-03-09', reason: 'lost' });
    expect(
      await tester()
        .given(...events)
        .rows('sales_by_day'),
    ).toMatchObject([
      { day: '2026-03-01', gross: '20000000', refunds: '0', net: '20000000' },
      { day: '2026-03-09', gross: '0', refunds: '-20000000', net: '-20000000', documents: '0' },
    ]);
  });
});
