/**
 * The arithmetic of a sale's lines: decimals as text in, integers at the sale's scale out. Exact: bigint only, and refused
 * where a result would not fit a safe integer.
 */
import { divideHalfEven, formatDecimal, minorUnitScale, parseDecimal, READ_SCALE, rescale } from '../shared/money.js';
import { reject, Rejection } from '../shared/rejection.js';
import type { SaleLine } from './sale.events.js';

/** A line as people and connectors give it. Decimals are plain text, such as `-12.5`. */
export interface SaleLineInput {
  /** Its place in the sale, from 1; the next free one when absent. */
  readonly lineNo?: number | null | undefined;
  readonly sku: string;
  readonly product: string;
  readonly category: readonly string[];
  readonly quantity: string;
  /** Absent: what `amount` comes to per piece. */
  readonly unitPrice?: string | null | undefined;
  /** Absent: quantity × unit price. Present where the source states it, for example after a discount. */
  readonly amount?: string | null | undefined;
  readonly profit?: string | null | undefined;
  readonly soldAt?: string | null | undefined;
}

/** Lines a sale may have: more are no document that a person reads, and every change of a sale reads all of them. */
export const MAX_SALE_LINES = 10_000;
/** Of one event in bytes: the event store takes 1 MiB with metadata, and Postgres and NATS frames come on top. */
const MAX_LINES_BYTES = 900_000;
/** Fewer than this can't reach the limit, given what a command lets each text have. */
const ALWAYS_SMALL = 50;
/** Amounts keep this many decimals at most; products of finer prices are rounded half to even. */
const MAX_SCALE = 6;
/** Unit prices that are worked out from the amount. */
const UNIT_PRICE_SCALE = 9;
/** What a sale comes to, in units of its currency: what the 64 bits hold that read models keep it in, rounded down. */
const MAX_TOTAL = 9_000_000_000_000n;
/** A stated amount above quantity × unit price may be taxes or charges; beyond this factor it is a slip of the pen. */
const MAX_STATED_FACTOR = 2n;

interface Decimal {
  readonly amount: bigint;
  readonly scale: number;
}

interface ExactLine {
  readonly input: SaleLineInput;
  readonly quantity: Decimal;
  readonly unitPrice: Decimal;
  readonly amount: Decimal;
  readonly profit: Decimal | undefined;
}

/**
 * Works out lines at the lowest scale that loses nothing: the currency's own, `atLeast`, or finer when an amount is.
 * @param firstNo the number of the first line that states none
 * @returns the lines and their scale, or what is wrong with which line
 */
export function workOutLines(
  inputs: readonly SaleLineInput[],
  currency: string,
  firstNo = 1,
  atLeast = 0,
): { readonly lines: SaleLine[]; readonly scale: number } | Rejection {
  let scale = Math.max(minorUnitScale(currency), atLeast);
  const exact: ExactLine[] = [];
  for (const [index, input] of inputs.entries()) {
    const line = exactLine(input, index);
    if (line instanceof Rejection) return line;
    scale = Math.max(scale, line.amount.scale, line.profit?.scale ?? 0);
    exact.push(line);
  }
  scale = Math.min(scale, MAX_SCALE);
  const lines: SaleLine[] = [];
  let nextNo = firstNo;
  for (const [index, line] of exact.entries()) {
    const lineNo = line.input.lineNo ?? nextNo;
    nextNo = lineNo + 1;
    const built = lineAt(line, lineNo, scale);
    if (!Number.isSafeInteger(built.amount) || (built.profit !== null && !Number.isSafeInteger(built.profit))) {
      return refuseLine(index, 'amount', `the amount is too large to be kept exactly with ${scale} decimals`);
    }
    lines.push(built);
  }
  return { lines, scale };
}

function exactLine(input: SaleLineInput, index: number): ExactLine | Rejection {
  const quantity = parseDecimal(input.quantity);
  if (!quantity || quantity.scale > MAX_SCALE) {
    return refuseLine(index, 'quantity', `a quantity is a plain decimal with at most ${MAX_SCALE} decimals`);
  }
  const stated = input.amount == null ? undefined : parseDecimal(input.amount);
  if (input.amount != null && !stated) return refuseLine(index, 'amount', 'an amount is a plain decimal');
  const profit = input.profit == null ? undefined : parseDecimal(input.profit);
  if (input.profit != null && !profit) return refuseLine(index, 'profit', 'a profit is a plain decimal');

  if (input.unitPrice == null) {
    if (!stated) return refuseLine(index, 'unitPrice', 'a line needs a unit price or an amount');
    if (quantity.amount === 0n && stated.amount !== 0n) {
      return refuseLine(index, 'quantity', 'a line with an amount needs a quantity other than 0');
    }
    const unitPrice = perPiece(stated, quantity);
    if (!unitPrice) return refuseLine(index, 'quantity', 'the amount is too much for so small a quantity');
    return { input, quantity, unitPrice, amount: stated, profit };
  }
  const unitPrice = parseDecimal(input.unitPrice);
  if (!unitPrice) return refuseLine(index, 'unitPrice', 'a unit price is a plain decimal');
  const product = trimmed(quantity.amount * unitPrice.amount, quantity.scale + unitPrice.scale);
  if (stated && !isReasonable(stated, product)) {
    return refuseLine(
      index,
      'amount',
      `the amount ${input.amount} is not what ${input.quantity} × ${input.unitPrice} can come to; ` +
        `correct one of them, or leave the amount away to take their product`,
    );
  }
  return { input, quantity, unitPrice, amount: stated ?? product, profit };
}

/** Of the same sign, and not beyond the factor; below for discounts, down to nothing. */
function isReasonable(stated: Decimal, product: Decimal): boolean {
  const scale = Math.max(stated.scale, product.scale);
  const amount = rescale(stated.amount, stated.scale, scale);
  const limit = rescale(product.amount, product.scale, scale) * MAX_STATED_FACTOR;
  if (amount === 0n) return true;
  return limit > 0n ? amount > 0n && amount <= limit : amount < 0n && amount >= limit;
}

/** Undefined when it has more digits than a decimal of ours. */
function perPiece(amount: Decimal, quantity: Decimal): Decimal | undefined {
  if (quantity.amount === 0n) return { amount: 0n, scale: 0 };
  const numerator = rescale(amount.amount, amount.scale, UNIT_PRICE_SCALE + quantity.scale);
  const price = trimmed(divideHalfEven(numerator, quantity.amount), UNIT_PRICE_SCALE);
  return parseDecimal(formatDecimal(price.amount, price.scale)) ? price : undefined;
}

function trimmed(amount: bigint, scale: number): Decimal {
  let value = amount;
  let digits = scale;
  while (digits > 0 && value % 10n === 0n) {
    value /= 10n;
    digits -= 1;
  }
  return { amount: value, scale: digits };
}

function lineAt({ input, quantity, unitPrice, amount, profit }: ExactLine, lineNo: number, scale: number): SaleLine {
  return {
    lineNo,
    sku: input.sku,
    product: input.product,
    category: [...input.category],
    quantity: formatDecimal(quantity.amount, quantity.scale),
    unitPrice: formatDecimal(unitPrice.amount, unitPrice.scale),
    amount: Number(rescale(amount.amount, amount.scale, scale)),
    profit: profit ? Number(rescale(profit.amount, profit.scale, scale)) : null,
    ...(input.soldAt != null && { soldAt: input.soldAt }),
  };
}

/** The sum of the lines, or why it can't be kept; also refuses lines that an event or a sale has no room for. */
export function totalOf(all: readonly SaleLine[], scale: number, added: readonly SaleLine[] = all): number | Rejection {
  if (all.length > MAX_SALE_LINES) {
    return reject('INVALID', `a sale has at most ${MAX_SALE_LINES} lines, this one would have ${all.length}`, [
      'lines',
    ]);
  }
  const seen = new Set<number>();
  let total = 0n;
  // Also of lines that were there: finer new ones make their amounts longer.
  let fits = true;
  for (const { lineNo, amount } of all) {
    if (seen.has(lineNo)) return reject('INVALID', `line number ${lineNo} stands twice`, ['lines']);
    seen.add(lineNo);
    total += BigInt(amount);
    fits &&= Number.isSafeInteger(amount);
  }
  if (!fits || !Number.isSafeInteger(Number(total))) {
    return reject('INVALID', 'the amounts are too large to be kept exactly with so many decimals', ['lines']);
  }
  if (magnitude(rescale(total, scale, READ_SCALE)) > rescale(MAX_TOTAL, 0, READ_SCALE)) {
    return reject('INVALID', `a sale comes to at most ${MAX_TOTAL} either way; record it in parts`, ['lines']);
  }
  if (added.length > ALWAYS_SMALL && new TextEncoder().encode(JSON.stringify(added)).length > MAX_LINES_BYTES) {
    const message = `these ${added.length} lines are too much for one command; send some of them with addSaleLines`;
    return reject('INVALID', message, ['lines']);
  }
  return Number(total);
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

export const sameLine = (left: SaleLine, right: SaleLine): boolean => lineText(left) === lineText(right);

const lineText = (line: SaleLine): string =>
  JSON.stringify([
    line.lineNo, line.sku, line.product, line.category, line.quantity, line.unitPrice, line.amount, line.profit, line.soldAt,
  ]); // prettier-ignore

const refuseLine = (index: number, field: string, message: string): Rejection =>
  reject('INVALID', `lines.${index}.${field}: ${message}`, ['lines', String(index), field]);
