/**
 * What one sale adds to the figures of its days, customer, products and categories. The definitions:
 *
 * - a sale line is a line of a document of kind `sale` with a quantity and a unit price above 0; gross and units are the sums
 *   of sale lines, an order is a document with at least one;
 * - cancellations are the lines of credit notes, adjustments those of adjustments;
 * - refunds is what people gave back of a recorded sale (by refunds and by cancelling it), negative, on the day they did;
 * - net is everything: all lines of all documents, and refunds.
 *
 * Amounts and units are bigint at READ_SCALE. An empty key text stands for "not stated".
 */
import { parseDecimal, READ_SCALE, rescale } from '../../domain/shared/money.js';
import { secondsBetween } from '../../domain/shared/time.js';
import type { SaleLine } from '../../domain/sales/sale.events.js';
import type { Row } from '../engine/projection.js';
import type { SaleRow } from './sale-row.js';

/** Between the parts of a category path in a key: no text of a document contains it. */
export const PATH_SEPARATOR = '\u001f';

/** The sums that every rollup keeps. */
export const COMMON_MEASURES = [
  'lines',
  'sale_lines',
  'units',
  'gross',
  'net',
  'refunds',
  'profit',
  'profit_lines',
] as const;
type Common = Record<(typeof COMMON_MEASURES)[number], bigint>;

/** What is counted only over all documents of a day. */
export const DAY_MEASURES = [
  ...COMMON_MEASURES,
  'documents',
  'orders',
  'credit_notes',
  'cancellations',
  'adjustments',
  'zero_price_lines',
  'adjustment_lines',
  'negative_lines',
  'lines_without_customer',
  'duplicate_lines',
  'shipped_lines',
  'ship_days',
] as const;
type Daily = Record<(typeof DAY_MEASURES)[number], bigint>;

export const CUSTOMER_MEASURES = [...COMMON_MEASURES, 'orders'] as const;

/** A line with its figures worked out once for all rollups. */
interface Figures {
  readonly line: SaleLine;
  readonly amount: bigint;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly isSaleLine: boolean;
}

const COMMON_ZERO: Common = { lines: 0n, sale_lines: 0n, units: 0n, gross: 0n, net: 0n, refunds: 0n, profit: 0n, profit_lines: 0n }; // prettier-ignore
const DAILY_ZERO: Daily = {
  ...COMMON_ZERO, documents: 0n, orders: 0n, credit_notes: 0n, cancellations: 0n, adjustments: 0n, zero_price_lines: 0n,
  adjustment_lines: 0n, negative_lines: 0n, lines_without_customer: 0n, duplicate_lines: 0n, shipped_lines: 0n, ship_days: 0n,
}; // prettier-ignore

export function dayContributions(sale: SaleRow): Row[] {
  const place = {
    currency: sale.currency,
    country: sale.country ?? '',
    region: sale.region ?? '',
    channel: sale.channel ?? '',
  };
  const figures = figuresOf(sale);
  const sums = { ...DAILY_ZERO };
  for (const of of figures) add(sums, of, sale);
  const lines = BigInt(figures.length);
  sums.documents = 1n;
  sums.orders = sums.sale_lines > 0n ? 1n : 0n;
  if (sale.kind === 'credit_note') {
    sums.credit_notes = 1n;
    sums.cancellations = sums.net;
  } else {
    sums.negative_lines = count(figures, ({ quantity }) => quantity < 0n);
  }
  if (sale.kind === 'adjustment') {
    sums.adjustments = sums.net;
    sums.adjustment_lines = lines;
  }
  sums.zero_price_lines = count(figures, ({ price }) => price === 0n);
  sums.lines_without_customer = sale.customer_id === null ? lines : 0n;
  sums.duplicate_lines = lines - BigInt(new Set(sale.lines.map(contentOf)).size);
  if (sale.shipped_on !== null) {
    sums.shipped_lines = lines;
    sums.ship_days = lines * BigInt(secondsBetween(sale.day, sale.shipped_on) / SECONDS_PER_DAY);
  }
  return [
    { day: sale.day, ...place, ...sums },
    ...sale.refunds.map((given) => {
      const amount = -atReadScale(given.amount, sale.scale);
      return { day: given.day, ...place, ...DAILY_ZERO, net: amount, refunds: amount };
    }),
  ];
}

export function customerContributions(sale: SaleRow): Row[] {
  if (sale.customer_id === null) return [];
  const key = { currency: sale.currency, customer_id: sale.customer_id, country: sale.country ?? '' };
  const sums = { ...COMMON_ZERO };
  for (const figures of figuresOf(sale)) add(sums, figures, sale);
  return [
    { day: sale.day, ...key, ...sums, orders: sums.sale_lines > 0n ? 1n : 0n },
    ...sale.refunds.map((given) => {
      const amount = -atReadScale(given.amount, sale.scale);
      return { day: given.day, ...key, ...COMMON_ZERO, net: amount, refunds: amount, orders: 0n };
    }),
  ];
}

export const productContributions = (sale: SaleRow): Row[] =>
  lineContributions(sale, ({ sku, product }) => ({ sku, product }));

/** Lines without a category add nothing. */
export const categoryContributions = (sale: SaleRow): Row[] =>
  lineContributions(sale, ({ category }) =>
    category.length > 0 ? { category: category.join(PATH_SEPARATOR) } : undefined,
  );

/** Refunds count where they name lines; a refunded sum belongs to no product. */
function lineContributions(sale: SaleRow, keyOf: (line: SaleLine) => Row | undefined): Row[] {
  const rows: Row[] = [];
  for (const figures of figuresOf(sale)) {
    const key = keyOf(figures.line);
    if (!key) continue;
    const sums = { ...COMMON_ZERO };
    add(sums, figures, sale);
    rows.push({ day: sale.day, currency: sale.currency, ...key, ...sums });
  }
  for (const given of sale.refunds) {
    for (const { lineNo, amount } of given.lines) {
      const line = sale.lines.find((candidate) => candidate.lineNo === lineNo);
      const key = line && keyOf(line);
      if (!key) continue;
      const back = -atReadScale(amount, sale.scale);
      rows.push({ day: given.day, currency: sale.currency, ...key, ...COMMON_ZERO, net: back, refunds: back });
    }
  }
  return rows;
}

function add(sums: Common, { line, amount, quantity, isSaleLine }: Figures, sale: SaleRow): void {
  sums.lines += 1n;
  sums.net += amount;
  if (isSaleLine) {
    sums.sale_lines += 1n;
    sums.gross += amount;
    sums.units += quantity;
  }
  if (line.profit !== null) {
    sums.profit += atReadScale(line.profit, sale.scale);
    sums.profit_lines += 1n;
  }
}

const SECONDS_PER_DAY = 86_400;

/** The rollups ask for the same sale one after the other. */
const worked = new WeakMap<SaleRow, readonly Figures[]>();

function figuresOf(sale: SaleRow): readonly Figures[] {
  let figures = worked.get(sale);
  if (!figures) {
    figures = sale.lines.map((line) => {
      const quantity = decimalAtReadScale(line.quantity);
      // Only its sign matters, which must not get lost by rounding.
      const price = parseDecimal(line.unitPrice)?.amount ?? 0n;
      const isSaleLine = sale.kind === 'sale' && quantity > 0n && price > 0n;
      return { line, amount: atReadScale(line.amount, sale.scale), quantity, price, isSaleLine };
    });
    worked.set(sale, figures);
  }
  return figures;
}

const contentOf = ({ sku, product, quantity, unitPrice, amount, soldAt }: SaleLine): string =>
  [sku, product, quantity, unitPrice, amount, soldAt].join(PATH_SEPARATOR);

const count = (figures: readonly Figures[], is: (figures: Figures) => boolean): bigint =>
  BigInt(figures.filter(is).length);

const POWERS = Array.from({ length: READ_SCALE + 1 }, (_, scale) => 10n ** BigInt(READ_SCALE - scale));

const atReadScale = (amount: number, scale: number): bigint => BigInt(amount) * (POWERS[scale] ?? 0n);

function decimalAtReadScale(text: string): bigint {
  const parsed = parseDecimal(text);
  return parsed ? rescale(parsed.amount, parsed.scale, READ_SCALE) : 0n;
}
