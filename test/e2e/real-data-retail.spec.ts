/** A wholesaler's year, 541,909 lines: every reference figure, asked over GraphQL. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toLocal } from '../../src/domain/shared/time.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { hasRealData, importRealData, realDataPath, type ImportedSet } from '../support/real-data.js';
import { pence, showsEverything } from './sales-figures.js';

const ZONE = 'Europe/London';

const wallClock = (instant: unknown): string => {
  const { date, time } = toLocal(String(instant), ZONE);
  return `${date} ${time}`;
};

interface Month {
  gross: string;
  net: string;
  cancellations: string;
  orders: number;
  customers: number;
  new_customers: number;
  units: number;
  aov: string;
}
interface Product {
  sku: string;
  desc: string;
  gross: string;
  units: number;
}
interface Expected {
  totals: Record<string, string | number>;
  monthly: Record<string, Month>;
  top_products_by_gross: Product[];
  top_products_by_units: Product[];
  top_customers_by_gross: { customer: string; gross: string }[];
  countries: Record<string, { gross: string; orders: number; customers: number }>;
  weekday_gross: Record<string, string>;
}
interface Amount {
  amount: string;
}

describe.skipIf(!hasRealData('sales_online_retail_2010_11'))('a year of a wholesaler', () => {
  let api: TestApi;
  let workspaceId: string;
  let imported: ImportedSet;
  let expected: Expected;

  const ask = async <Data>(query: string): Promise<Data> => (await api.as(workspaceId, 'member')(query)) as Data;

  beforeAll(async () => {
    expected = JSON.parse(readFileSync(realDataPath('expected/retail_online_retail_2010_11.json'), 'utf8')) as Expected;
    api = await startTestApi();
    workspaceId = await api.createWorkspace(undefined, { timeZone: ZONE, currency: 'GBP' });
    imported = await importRealData('sales_online_retail_2010_11', { eventstoreUrl: api.eventstoreUrl, workspaceId });
    await showsEverything(api, workspaceId, 'salesByRegion { region }');
  }, 600_000);
  afterAll(async () => api?.close());

  it('takes in every line', () => {
    expect(imported.rejects).toEqual([]);
  });

  it('counts and sums the whole', async () => {
    const { salesSummary } = await ask<{
      salesSummary: (Record<string, number | string> & { figures: Record<string, number & Amount> })[];
    }>(`{
      salesSummary {
        customers knownCustomers linesWithoutCustomer zeroPriceLines adjustmentLines negativeLines duplicateLines meanShipDays
        firstAt lastAt
        figures { currency lines documents orders creditNotes gross { amount } net { amount } cancellations { amount } }
      }
    }`);
    expect(salesSummary).toHaveLength(1);
    const [{ figures, ...counts }] = salesSummary as [(typeof salesSummary)[0]];
    expect({
      rows: figures['lines'],
      first: wallClock(counts['firstAt']),
      last: wallClock(counts['lastAt']),
      invoices: figures['documents'],
      cancel_invoices: figures['creditNotes'],
      customers: counts['knownCustomers'],
      lines_without_customer: counts['linesWithoutCustomer'],
      zero_price_lines: counts['zeroPriceLines'],
      adjustment_lines: counts['adjustmentLines'],
      negative_qty_lines_not_cancelled: counts['negativeLines'],
      exact_duplicate_lines: counts['duplicateLines'],
      gross: pence(figures['gross']),
      net: pence(figures['net']),
      cancellations: pence(figures['cancellations']),
      orders: figures['orders'],
    }).toEqual(expected.totals);
  });

  it('answers for every month', async () => {
    const { salesByMonth } = await ask<{
      salesByMonth: {
        month: string;
        customers: number;
        newCustomers: number;
        figures: Record<string, Amount> & { orders: number; units: string };
      }[];
    }>(`{
      salesByMonth {
        month customers newCustomers
        figures { orders units gross { amount } net { amount } cancellations { amount } averageOrderValue { amount } }
      }
    }`);
    const months = salesByMonth.map(({ month, customers, newCustomers, figures }): [string, Month] => [
      month,
      {
        gross: pence(figures['gross']),
        net: pence(figures['net']),
        cancellations: pence(figures['cancellations']),
        orders: figures.orders,
        customers,
        new_customers: newCustomers,
        units: Number(figures.units),
        aov: pence(figures['averageOrderValue']),
      },
    ]);
    expect(Object.fromEntries(months)).toEqual(expected.monthly);
  });

  it('answers for every day and weekday', async () => {
    const { salesByDay, salesByWeekday } = await ask<{
      salesByDay: { day: string; figures: { gross: Amount; orders: number } }[];
      salesByWeekday: { weekday: number; figures: { gross: Amount } }[];
    }>(`{
      salesByDay { day figures { orders gross { amount } } }
      salesByWeekday { weekday figures { gross { amount } } }
    }`);
    const csv = readFileSync(realDataPath('expected/retail_online_retail_2010_11_daily.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const days = salesByDay
      .filter(({ figures }) => figures.orders > 0)
      .map(({ day, figures }) => `${day},${pence(figures.gross)},${figures.orders}`);
    expect(days).toEqual(csv.map((row) => row.trim()));
    const names = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
    const weekdays = salesByWeekday.map(({ weekday, figures }) => [names[weekday], pence(figures.gross)]);
    expect(Object.fromEntries(weekdays)).toEqual(expected.weekday_gross);
  });

  it('names the first products by gross and by units', async () => {
    const fields = '{ sku name units gross { amount } }';
    type Row = { sku: string; name: string; units: string; gross: Amount };
    const { byGross, byUnits } = await ask<{ byGross: Row[]; byUnits: Row[] }>(`{
      byGross: salesByProduct(orderBy: GROSS, first: 20) ${fields}
      byUnits: salesByProduct(orderBy: UNITS, first: 20) ${fields}
    }`);
    const product = ({ sku, name, units, gross }: Row): Product => ({
      sku,
      desc: name,
      gross: pence(gross),
      units: Number(units),
    });
    expect(byGross.map(product)).toEqual(expected.top_products_by_gross);
    expect(byUnits.map(product)).toEqual(expected.top_products_by_units);
  });

  it('names the first customers', async () => {
    const { salesByCustomer } = await ask<{ salesByCustomer: { customerId: string; gross: Amount }[] }>(
      '{ salesByCustomer(first: 20) { customerId gross { amount } } }',
    );
    const customers = salesByCustomer.map(({ customerId, gross }) => ({ customer: customerId, gross: pence(gross) }));
    expect(customers).toEqual(expected.top_customers_by_gross);
  });

  it('answers for every country', async () => {
    const { salesByCountry } = await ask<{
      salesByCountry: { country: string; customers: number; figures: { gross: Amount; orders: number } }[];
    }>('{ salesByCountry { country customers figures { orders gross { amount } } } }');
    const countries = salesByCountry.map(({ country, customers, figures }) => [
      country,
      { gross: pence(figures.gross), orders: figures.orders, customers },
    ]);
    expect(Object.fromEntries(countries)).toEqual(expected.countries);
  });

  it('finds a document by its number, with its lines', async () => {
    const { sales } = await ask<{ sales: { nodes: { total: Amount; soldAt: string; lines: unknown[] }[] } }>(
      '{ sales(filter: { reference: "536365" }) { nodes { total { amount } soldAt lines { product } } } }',
    );
    expect(sales.nodes).toEqual([
      {
        total: { amount: '139.12' },
        soldAt: '2010-12-01T08:26:00.000Z',
        lines: Array.from({ length: 7 }, () => expect.anything()),
      },
    ]);
  });
});
