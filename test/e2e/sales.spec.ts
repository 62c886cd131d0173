import { v4 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/api/shared/request-context.js';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';

let api: TestApi;
let workspaceId: string;
let otherWorkspace: string;
let member: Gql;

beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace(undefined, { timeZone: 'Pacific/Auckland', currency: 'NZD' });
  otherWorkspace = await api.createWorkspace();
  member = api.as(workspaceId, 'member');
}, 120_000);
afterAll(async () => api?.close());

/** What an operation gives: of the shape that its text asks for. */
type Data = Awaited<ReturnType<Gql>>;

/** The errors of an operation that gives no data. */
async function errorsOf(query: string, variables: object = {}, role: Role = 'member'): Promise<Data[]> {
  const { body } = await api.send(await api.token(workspaceId, role), query, variables);
  return body.errors;
}

const SALE = `id kind status reference day soldAt currency customerName version total { amount currency } refunded { amount }
  lines { lineNo quantity unitPrice amount { amount } profit { amount } }
  refunds { refundId day amount { amount } lines { lineNo quantity amount { amount } } reason }`;

/** Sends a mutation of a sale and gives its payload. */
async function send(field: string, input: object, as = member): Promise<Data> {
  const type = field.charAt(0).toUpperCase() + field.slice(1);
  const query = `mutation ($input: ${type}Input!) {
    ${field}(input: $input) { sale { ${SALE} } position version userErrors { code message field details } }
  }`;
  return (await as(query, { input }))[field];
}

const lamp = { sku: 'L-1', product: 'Lamp', quantity: '3', unitPrice: '19.95' };
const record = (more: object = {}, as = member): Promise<Data> =>
  send('recordSale', { reference: 'R-1', lines: [lamp], ...more }, as);

describe('recording a sale over GraphQL', () => {
  it('takes day and currency from the workspace, and reads its own write', async () => {
    const { sale, position, version, userErrors } = await record({
      soldAt: '2026-03-01T20:00:00+01:00',
      customerName: 'Ann Example',
    });
    expect(userErrors).toEqual([]);
    expect(sale).toMatchObject({
      kind: 'SALE', status: 'RECORDED', day: '2026-03-02', soldAt: '2026-03-01T19:00:00.000Z', currency: 'NZD', version: 1,
      total: { amount: '59.85', currency: 'NZD' }, refunded: { amount: '0.00' },
      lines: [{ lineNo: 1, quantity: '3', unitPrice: '19.95', amount: { amount: '59.85' }, profit: null }],
    }); // prettier-ignore
    expect(version).toBe(1);
    const query = `query ($id: UUID!, $at: Position) { sale(id: $id, minPosition: $at) { ${SALE} } }`;
    expect((await member(query, { id: sale.id, at: position })).sale).toEqual(sale);
    const seen = await api.as(workspaceId, 'viewer')(query, { id: sale.id, at: position });
    expect(seen.sale).toEqual({ ...sale, customerName: null });
  });

  it('records once, however often the same command comes', async () => {
    const commandId = v4();
    const [first, second] = [await record({ commandId }), await record({ commandId })];
    expect(second).toEqual(first);
  });

  it('says which amount is wrong, and where', async () => {
    const query = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { sale { id } } }';
    const input = { reference: 'R-2', lines: [lamp, { ...lamp, unitPrice: '1,234.5O' }] };
    const errors = await errorsOf(query, { input });
    expect(errors).toHaveLength(1);
    expect(errors[0].message).toContain('"1,234.5O" is not a Decimal');
    expect(errors[0].message).toContain('input.lines[1].unitPrice');
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('refuses what does not add up, naming the line', async () => {
    const { sale, userErrors } = await record({ lines: [lamp, { ...lamp, amount: '-59.85' }] });
    expect(sale).toBeNull();
    expect(userErrors).toMatchObject([{ code: 'INVALID', field: ['lines', '1', 'amount'] }]);
    expect((await record({ lines: [] })).userErrors).toMatchObject([{ code: 'INVALID', field: ['lines'] }]);
    expect((await record({ currency: 'pounds' })).userErrors).toMatchObject([{ code: 'INVALID', field: ['currency'] }]);
  });

  it('is not for viewers', async () => {
    const { userErrors } = await record({}, api.as(workspaceId, 'viewer'));
    expect(userErrors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });
});

const amounts = (gross: string, refunds: string, net: string) => ({
  gross: { amount: gross },
  refunds: { amount: refunds },
  net: { amount: net },
});

describe('changing a sale over GraphQL', () => {
  it('adds lines, amends, refunds and cancels, and the figures follow', async () => {
    const { sale } = await record({ reference: 'R-3', day: '2026-05-04', country: 'Fiji', customerId: 'C-3' });
    expect(sale.soldAt).toBeNull();
    const saleId = sale.id;
    const added = await send('addSaleLines', {
      saleId,
      lines: [{ ...lamp, lineNo: 2, quantity: '1', unitPrice: '0.005', profit: '0.001' }],
    });
    expect(added.sale).toMatchObject({ version: 2, total: { amount: '59.855' } });
    const amended = await send('amendSale', { saleId, country: 'Samoa', reason: 'wrong country', expectedVersion: 2 });
    expect(amended.sale.version).toBe(3);
    const late = await send('amendSale', { saleId, country: 'Tonga', reason: 'late', expectedVersion: 2 });
    expect(late.userErrors).toMatchObject([{ code: 'CONFLICT', details: { currentVersion: 3 } }]);

    const back = await send('refundSale', {
      saleId,
      lines: [{ lineNo: 1, quantity: '1' }],
      day: '2026-05-05',
      reason: 'broken',
    });
    expect(back.sale).toMatchObject({ status: 'PARTLY_REFUNDED', refunded: { amount: '19.95' } });
    const tooMuch = await send('refundSale', { saleId, amount: '39.91', reason: 'greedy' });
    expect(tooMuch.userErrors).toMatchObject([{ code: 'INVALID', field: ['amount'], details: { left: '39.905' } }]);
    const unclear = await send('refundSale', { saleId, reason: 'what?' });
    expect(unclear.userErrors).toMatchObject([{ code: 'INVALID' }]);

    const cancelled = await send('cancelSale', { saleId, day: '2026-05-06', reason: 'lost' });
    expect(cancelled.sale).toMatchObject({ status: 'CANCELLED', refunded: { amount: '59.855' } });
    const again = await send('cancelSale', { saleId, day: '2026-05-06', reason: 'lost' });
    expect(again).toEqual(cancelled);

    const figures = await member(
      `query ($at: Position) {
        salesByDay(filter: { from: "2026-05-04", to: "2026-05-06" }, minPosition: $at) {
          day customers figures { orders gross { amount } refunds { amount } net { amount } }
        }
        salesByCountry(filter: { from: "2026-05-04", to: "2026-05-06" }, minPosition: $at) { country customers figures { net { amount } profit { amount } } }
        salesByCustomer(filter: { from: "2026-05-04" }, minPosition: $at) { customerId orders net { amount } averageOrderValue { amount } }
      }`,
      { at: cancelled.position },
    );
    expect(figures).toEqual({
      salesByDay: [
        { day: '2026-05-04', customers: 1, figures: { orders: 1, ...amounts('59.855', '0.00', '59.855') } },
        { day: '2026-05-05', customers: 0, figures: { orders: 0, ...amounts('0.00', '-19.95', '-19.95') } },
        { day: '2026-05-06', customers: 0, figures: { orders: 0, ...amounts('0.00', '-39.905', '-39.905') } },
      ],
      salesByCountry: [
        { country: 'Samoa', customers: 1, figures: { net: { amount: '0.00' }, profit: { amount: '0.001' } } },
      ],
      salesByCustomer: [
        { customerId: 'C-3', orders: 1, net: { amount: '0.00' }, averageOrderValue: { amount: '59.86' } },
      ],
    });
  });
});

describe('listing sales', () => {
  it('pages by day and by amount, filtered', async () => {
    const days = ['2026-07-01', '2026-07-02', '2026-07-02', '2026-07-03'];
    let position = '';
    for (const [index, day] of days.entries()) {
      const sent = await record({
        reference: `P-${index}`,
        day,
        channel: 'market',
        lines: [{ ...lamp, quantity: String(5 - index) }],
      });
      position = sent.position;
    }
    const query = `query ($filter: SaleFilter, $order: SaleOrder, $first: Int, $after: String, $at: Position) {
      sales(filter: $filter, orderBy: $order, first: $first, after: $after, minPosition: $at) {
        nodes { reference } pageInfo { hasNextPage endCursor }
      }
    }`;
    const filter = { channel: 'market', from: '2026-07-01', to: '2026-07-03' };
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const { sales } = await member(query, { filter, order: 'OLDEST', first: 1, after, at: position });
      seen.push(...sales.nodes.map(({ reference }: { reference: string }) => reference));
      after = sales.pageInfo.endCursor;
      more = sales.pageInfo.hasNextPage;
    }
    expect(seen.toSorted()).toEqual(['P-0', 'P-1', 'P-2', 'P-3']);
    expect([seen[0], seen[3]]).toEqual(['P-0', 'P-3']);
    const largest = await member(query, { filter, order: 'LARGEST', first: 2, at: position });
    expect(largest.sales.nodes).toEqual([{ reference: 'P-0' }, { reference: 'P-1' }]);
    const none = await member(query, { filter: { ...filter, kind: 'CREDIT_NOTE' }, at: position });
    expect(none.sales.nodes).toEqual([]);
  });
});

describe('sales of another workspace', () => {
  it('are not there: neither to read, nor to change, nor in any figure', async () => {
    const { sale, position } = await record({ reference: 'R-9', currency: 'XAF' });
    const as = api.as(otherWorkspace, 'member');
    const { position: theirs } = await record({ reference: 'R-9', currency: 'EUR' }, as);
    expect(BigInt(theirs.split('/')[0])).toBeGreaterThan(BigInt(position.split('/')[0]));
    const data = await as(
      `query ($id: UUID!, $at: Position) {
        sale(id: $id, minPosition: $at) { id }
        sales(filter: { reference: "R-9" }, minPosition: $at) { nodes { currency } }
        salesSummary(minPosition: $at) { figures { currency documents } }
      }`,
      { id: sale.id, at: theirs },
    );
    expect(data).toEqual({
      sale: null,
      sales: { nodes: [{ currency: 'EUR' }] },
      salesSummary: [{ figures: { currency: 'EUR', documents: 1 } }],
    });
    const refused = await send('cancelSale', { saleId: sale.id, reason: 'not mine' }, as);
    expect(refused.userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('watching sales', () => {
  it('tells of each change once the read model shows it, and of those that were missed', async () => {
    const { sale, position } = await record({ reference: 'W-1' });
    const saleId = sale.id;
    await send('refundSale', { saleId, amount: '1', reason: 'late' });
    await record({ reference: 'W-2' });
    const query = `subscription ($saleId: UUID, $after: Position) {
      saleChanged(saleId: $saleId, after: $after) { cursor eventType saleId sale { status version } }
    }`;
    const client = api.subscriber(await api.token(workspaceId, 'member'));
    const changes = client.iterate({ query, variables: { saleId, after: position } });
    const missed = await changes.next();
    expect(missed.value).toMatchObject({
      data: { saleChanged: { eventType: 'sales.SaleRefunded', saleId, sale: { version: 2 } } },
    });
    const live = changes.next();
    await send('cancelSale', { saleId, reason: 'lost' });
    const { value } = await live;
    expect(value).toMatchObject({
      data: { saleChanged: { eventType: 'sales.SaleCancelled', saleId, sale: { status: 'CANCELLED', version: 3 } } },
    });
  });
});

describe('figures of sales', () => {
  it('refuse a range that ends before it begins, and too many rows', async () => {
    const range = await errorsOf('{ salesByDay(filter: { from: "2026-02-01", to: "2026-01-01" }) { day } }');
    expect(range).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'filter' } }]);
    const many = await errorsOf('{ salesByProduct(first: 1001) { name } }');
    expect(many).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'first' } }]);
  });
});
