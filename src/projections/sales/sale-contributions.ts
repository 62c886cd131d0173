/**
 * What one sale adds to the figures of its days, customer, products and categories. The definitions:
 *
 * - a sale line is a line of a document of kind `sale` with a quantity and a unit price above 0; gross and units are the sums
 *   of sale lines, an order is a document with at least one;
 * - cancellations are the lines of credit notes, adjustments those of adjustments;
 * - refunds is what people gave back of a recorded sale (by refunds and by cancelling it), negative, on the day they did;
 * - net is everything: all lines of all documents, and refunds.
 *
 * Amounts and units are at READ_SCALE. An empty key text stands for "not stated".
 */
import { decimalAt, READ_SCALE } from '../../domain/shared/money.js';
import { secondsBetween } from '../../domain/shared/time.js';
import { negated, plus, times, type Whole } from '../../domain/shared/whole.js';
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
type Common = Record<(typeof COMMON_MEASURES)[number], Whole>;

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
type Daily = Record<(typeof DAY_MEASURES)[number], Whole>;

export const CUSTOMER_MEASURES = [...COMMON_MEASURES, 'orders'] as const;

/** A line with its figures worked out once for all rollups. */
interface Figures {
  readonly line: SaleLine;
  readonly amount: Whole;
  readonly quantity: Whole;
  readonly isFree: boolean;
  readonly isSaleLine: boolean;
}

const COMMON_ZERO: Common = { lines: 0, sale_lines: 0, units: 0, gross: 0, net: 0, refunds: 0, profit: 0, profit_lines: 0 }; // prettier-ignore
const DAILY_ZERO: Daily = {
  ...COMMON_ZERO, documents: 0, orders: 0, credit_notes: 0, cancellations: 0, adjustments: 0, zero_price_lines: 0,
  adjustment_lines: 0, negative_lines: 0, lines_without_customer: 0, duplicate_lines: 0, shipped_lines: 0, ship_days: 0,
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
  const lines = figures.length;
  sums.documents = 1;
  sums.orders = sums.sale_lines > 0 ? 1 : 0;
  if (sale.kind === 'credit_note') {
    sums.credit_notes = 1;
    sums.cancellations = sums.net;
  } else {
    sums.negative_lines = count(figures, ({ quantity }) => quantity < 0);
  }
  if (sale.kind === 'adjustment') {
    sums.adjustments = sums.net;
    sums.adjustment_lines = lines;
  }
  sums.zero_price_lines = count(figures, ({ isFree }) => isFree);
  sums.lines_without_customer = sale.customer_id === null ? lines : 0;
  sums.duplicate_lines = lines - new Set(sale.lines.map(contentOf)).size;
  if (sale.shipped_on !== null) {
    sums.shipped_lines = lines;
    sums.ship_days = lines * (secondsBetween(sale.day, sale.shipped_on) / SECONDS_PER_DAY);
  }
  return [
    { day: sale.day, ...place, ...sums },
    ...sale.refunds.map((given) => {
      const amount = negated(atReadScale(given.amount, sale.scale));
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
    { day: sale.day, ...key, ...sums, orders: sums.sale_lines > 0 ? 1 : 0 },
    ...sale.refunds.map((given) => {
      const amount = negated(atReadScale(given.amount, sale.scale));
      return { day: given.day, ...key, ...COMMON_ZERO, net: amount, refunds: amount, orders: 0 };
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
      const back = negated(atReadScale(amount, sale.scale));
      rows.push({ day: given.day, currency: sale.currency, ...key, ...COMMON_ZERO, net: back, refunds: back });
    }
  }
  return rows;
}

function add(sums: Common, { line, amount, quantity, isSaleLine }: Figures, sale: SaleRow): void {
  sums.lines = plus(sums.lines, 1);
  sums.net = plus(sums.net, amount);
  if (isSaleLine) {
    sums.sale_lines = plus(sums.sale_lines, 1);
    sums.gross = plus(sums.gross, amount);
    sums.units = plus(sums.units, quantity);
  }
  if (line.profit !== null) {
    sums.profit = plus(sums.profit, atReadScale(line.profit, sale.scale));
    sums.profit_lines = plus(sums.profit_lines, 1);
  }
}

const SECONDS_PER_DAY = 86_400;

/** The rollups ask for the same sale one after the other. */
const worked = new WeakMap<SaleRow, readonly Figures[]>();

function figuresOf(sale: SaleRow): readonly Figures[] {
  let figures = worked.get(sale);
  if (!figures) {
    figures = sale.lines.map((line) => {
      const quantity = decimalAt(line.quantity, READ_SCALE) ?? 0;
      // Only its sign matters, which a decimal of any length keeps as a number.
      const price = Number(line.unitPrice);
      const isSaleLine = sale.kind === 'sale' && quantity > 0 && price > 0;
      return { line, amount: atReadScale(line.amount, sale.scale), quantity, isFree: price === 0, isSaleLine };
    });
    worked.set(sale, figures);
  }
  return figures;
}

const contentOf = ({ sku, product, quantity, unitPrice, amount, soldAt }: SaleLine): string =>
  [sku, product, quantity, unitPrice, amount, soldAt].join(PATH_SEPARATOR);

const count = (figures: readonly Figures[], is: (figures: Figures) => boolean): number => figures.filter(is).length;

const atReadScale = (amount: number, scale: number): Whole => times(amount, 10 ** (READ_SCALE - scale));
