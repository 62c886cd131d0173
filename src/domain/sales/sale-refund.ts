/** How much of a sale, and of which lines, may still be given back. */
import { divideHalfEven, formatDecimal, parseDecimal, rescale } from '../shared/money.js';
import { reject, Rejection } from '../shared/rejection.js';
import type { RefundedLine, SaleLine } from './sale.events.js';

/** Some pieces of a line come back. Without an amount: their share of the line's. */
export interface RefundLineInput {
  readonly lineNo: number;
  readonly quantity: string;
  /** Decimal text in the sale's currency. */
  readonly amount?: string | null | undefined;
}

/** Quantities keep at most this many decimals (see sale-lines). */
const QUANTITY_SCALE = 6;

/** What is left of a line: at the sale's scale, and millionths of a piece. */
interface Left {
  readonly amount: bigint;
  readonly quantity: bigint;
}

/**
 * The lines that a refund takes back.
 * @param before what was refunded of which lines already
 */
export function refundLines(
  inputs: readonly RefundLineInput[],
  lines: readonly SaleLine[],
  before: readonly RefundedLine[],
  scale: number,
): RefundedLine[] | Rejection {
  const refunded: RefundedLine[] = [];
  for (const [index, input] of inputs.entries()) {
    const line = lines.find(({ lineNo }) => lineNo === input.lineNo);
    const refuse = (field: string, message: string): Rejection =>
      reject('INVALID', `lines.${index}.${field}: ${message}`, ['lines', String(index), field]);
    if (!line) return refuse('lineNo', `the sale has no line ${input.lineNo}`);
    if (refunded.some(({ lineNo }) => lineNo === line.lineNo)) return refuse('lineNo', 'the line stands twice');
    const left = leftOf(line, before);
    if (left.amount <= 0n) return refuse('lineNo', 'nothing is left of this line to give back');

    const quantity = millionths(input.quantity);
    if (quantity === undefined || quantity <= 0n || quantity > left.quantity) {
      return refuse('quantity', `give back more than 0 and at most ${show(left.quantity)}`);
    }
    const share = quantity === left.quantity ? left.amount : shareOf(line, quantity);
    const amount = input.amount == null ? share : amountAt(input.amount, scale);
    if (amount === undefined) return refuse('amount', `an amount is a plain decimal with at most ${scale} decimals`);
    if (amount <= 0n || amount > left.amount) {
      return refuse('amount', `give back more than 0 and at most ${formatDecimal(left.amount, scale)}`);
    }
    refunded.push({ lineNo: line.lineNo, quantity: show(quantity), amount: Number(amount) });
  }
  return refunded;
}

/** Everything that is left, line by line; empty when that does not add up to `amount`, as after a refund of a sum. */
export function allLeft(lines: readonly SaleLine[], before: readonly RefundedLine[], amount: number): RefundedLine[] {
  const left = lines.flatMap((line): RefundedLine[] => {
    const rest = leftOf(line, before);
    if (rest.amount <= 0n) return [];
    return [{ lineNo: line.lineNo, quantity: show(rest.quantity), amount: Number(rest.amount) }];
  });
  const sum = left.reduce((total, line) => total + BigInt(line.amount), 0n);
  return sum === BigInt(amount) ? left : [];
}

/** Whether lines that replace the present ones still hold what was given back of them. */
export function holdsRefunds(lines: readonly SaleLine[], before: readonly RefundedLine[]): boolean {
  return before.every(({ lineNo }) => {
    const line = lines.find((candidate) => candidate.lineNo === lineNo);
    if (!line) return false;
    const left = leftOf(line, before);
    return left.amount >= 0n && left.quantity >= 0n;
  });
}

/** @returns undefined when the text is no decimal, or finer than the scale */
export function amountAt(text: string, scale: number): bigint | undefined {
  const parsed = parseDecimal(text);
  return parsed && parsed.scale <= scale ? rescale(parsed.amount, parsed.scale, scale) : undefined;
}

function leftOf(line: SaleLine, before: readonly RefundedLine[]): Left {
  let amount = BigInt(line.amount);
  let quantity = magnitude(millionths(line.quantity) ?? 0n);
  for (const given of before) {
    if (given.lineNo !== line.lineNo) continue;
    amount -= BigInt(given.amount);
    quantity -= millionths(given.quantity) ?? 0n;
  }
  return { amount, quantity };
}

function shareOf(line: SaleLine, quantity: bigint): bigint {
  const all = magnitude(millionths(line.quantity) ?? 0n);
  return divideHalfEven(BigInt(line.amount) * quantity, all);
}

const millionths = (text: string): bigint | undefined => amountAt(text, QUANTITY_SCALE);

/** Millionths as plain text without trailing zeros. */
function show(value: bigint): string {
  return formatDecimal(value, QUANTITY_SCALE).replace(/\.?0+$/, '');
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
