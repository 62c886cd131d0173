/** A shop's four years with categories, profits and shipments: every reference figure, asked over GraphQL. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/api/shared/request-context.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { hasRealData, importRealData, realDataPath, type ImportedSet } from '../support/real-data.js';
import { pence, showsEverything } from './sales-figures.js';

interface Expected {
  rows: number;
  orders: number;
  sales: string;
  profit: string;
  monthly: Record<string, { sales: string; profit: string; orders: number }>;
  subcategory: Record<string, { sales: string; profit: string }>;
  region_sales: Record<string, string>;
  top_products: [string, string][];
  top_customers: [string, string][];
  mean_ship_days: number;
}
interface Amount {
  amount: string;
}
interface Figures {
  orders: number;
  lines: number;
  gross: Amount;
  profit: Amount;
}

describe.skipIf(!hasRealData('sales_superstore'))('four years of a shop', () => {
  let api: TestApi;
  let workspaceId: string;
  let imported: ImportedSet;
  let expected: Expected;

  const ask = async <Data>(query: string, role: Role = 'member'): Promise<Data> =>
    (await api.as(workspaceId, role)(query)) as Data;

  beforeAll(async () => {
    expected = JSON.parse(readFileSync(realDataPath('expected/retail_superstore.json'), 'utf8')) as Expected;
    api = await startTestApi();
    workspaceId = await api.createWorkspace(undefined, { timeZone: 'America/New_York', currency: 'USD' });
    imported = await importRealData('sales_superstore', { eventstoreUrl: api.eventstoreUrl, workspaceId });
    await showsEverything(api, workspaceId, 'salesByRegion { region }');
  }, 300_000);
  afterAll(async () => api?.close());

  it('takes in every row', () => {
    expect(imported.rejects).toEqual([]);
  });

  it('counts and sums the whole, and the days to shipment', async () => {
    const { salesSummary } = await ask<{ salesSummary: { meanShipDays: number; figures: Figures }[] }>(
      '{ salesSummary { meanShipDays figures { lines orders gross { amount } profit { amount } } } }',
    );
    const [{ figures, meanShipDays }] = salesSummary as [(typeof salesSummary)[0]];
    const { rows, orders, sales, profit, mean_ship_days } = expected;
    expect({
      rows: figures.lines,
      orders: figures.orders,
      sales: pence(figures.gross),
      profit: pence(figures.profit),
    }).toEqual({ rows, orders, sales, profit });
    expect(meanShipDays).toBeCloseTo(mean_ship_days, 10);
  });

  it('answers for every month', async () => {
    const { salesByMonth } = await ask<{ salesByMonth: { month: string; figures: Figures }[] }>(
      '{ salesByMonth { month figures { orders gross { amount } profit { amount } } } }',
    );
    const months = salesByMonth.map(({ month, figures }) => [
      month,
      { sales: pence(figures.gross), profit: pence(figures.profit), orders: figures.orders },
    ]);
    expect(Object.fromEntries(months)).toEqual(expected.monthly);
  });

  it('sums a year by a range of days', async () => {
    const { salesSummary } = await ask<{ salesSummary: { figures: Figures }[] }>(
      '{ salesSummary(filter: { from: "2018-01-01", to: "2018-12-31" }) { figures { gross { amount } } } }',
    );
    // Exact; the months' rounded figures would come to 0.01 less.
    expect(salesSummary.map(({ figures }) => figures.gross.amount)).toEqual(['609205.598']);
  });

  it('answers for every sub-category, and for the categories above them', async () => {
    type Row = { path: string[]; gross: Amount; profit: Amount };
    const { narrow, wide } = await ask<{ narrow: Row[]; wide: Row[] }>(`{
      narrow: salesByCategory { path gross { amount } profit { amount } }
      wide: salesByCategory(depth: 1) { path gross { amount } profit { amount } }
    }`);
    const categories = narrow.map(({ path, gross, profit }) => [
      path.join('/'),
      { sales: pence(gross), profit: pence(profit) },
    ]);
    expect(Object.fromEntries(categories)).toEqual(expected.subcategory);
    expect(wide.map(({ path }) => path)).toEqual([['Technology'], ['Furniture'], ['Office Supplies']]);
  });

  it('answers for every region', async () => {
    const { salesByRegion } = await ask<{ salesByRegion: { region: string; figures: Figures }[] }>(
      '{ salesByRegion { region figures { gross { amount } } } }',
    );
    expect(Object.fromEntries(salesByRegion.map(({ region, figures }) => [region, pence(figures.gross)]))).toEqual(
      expected.region_sales,
    );
  });

  it('names the first products by name', async () => {
    const { salesByProduct } = await ask<{ salesByProduct: { name: string; gross: Amount }[] }>(
      '{ salesByProduct(groupBy: NAME, first: 15) { name gross { amount } } }',
    );
    expect(salesByProduct.map(({ name, gross }) => [name, pence(gross)])).toEqual(expected.top_products);
  });

  it('names the first customers, but not to viewers', async () => {
    type Row = { customerName: string | null; gross: Amount };
    const query = '{ salesByCustomer(first: 15) { customerName gross { amount } } }';
    const { salesByCustomer } = await ask<{ salesByCustomer: Row[] }>(query);
    expect(salesByCustomer.map(({ customerName, gross }) => [customerName, pence(gross)])).toEqual(
      expected.top_customers,
    );
    const seen = await ask<{ salesByCustomer: Row[] }>(query, 'viewer');
    expect(seen.salesByCustomer.map(({ customerName }) => customerName)).toEqual(
      expected.top_customers.map(() => null),
    );
  });
});
