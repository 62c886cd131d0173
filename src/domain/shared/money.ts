/**
 * Money: an integer count of a currency's units at a stated scale. `{ amount: 1999, currency: 'GBP', scale: 2 }` is £19.99.
 * The scale is the currency's own (2 for most) unless the source is finer: sums of finer amounts must not drift
 * by rounding each one. Never a float.
 */
import { z } from 'zod';
import type { Whole } from './whole.js';

/** ISO 4217 code. */
export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, 'a currency is an ISO 4217 code such as EUR')
  .meta({ examples: ['EUR'] });

/** Decimal places of an amount: 19.99 has 2. At most 6, so that 9 billion units still fit a safe integer. */
export const scaleSchema = z.int().min(0).max(6);

export const moneySchema = z.object({ amount: z.int(), currency: currencySchema, scale: scaleSchema });
export type Money = z.infer<typeof moneySchema>;

/** The scale that read models keep every amount at: millionths of the currency's unit, in a 64-bit integer. */
export const READ_SCALE = 6;

const DECIMAL = /^([+-]?)(\d{1,15})(?:\.(\d{1,9}))?$/;

/**
 * Reads a plain decimal such as `-12.5` exactly. No thousands separators, no exponent, no currency sign.
 * @returns the integer and the scale it is at (trailing zeros do not count), or undefined when the text is not such a number.
 */
export function parseDecimal(text: string): { amount: bigint; scale: number } | undefined {
  const match = DECIMAL.exec(text.trim());
  if (!match) return undefined;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const magnitude = BigInt(`${match[2]}${fraction}`);
  return { amount: match[1] === '-' ? -magnitude : magnitude, scale: fraction.length };
}

/**
 * The decimal as a whole number at this scale, rounded half to even when it has more places.
 * @returns undefined when the text is not a plain decimal
 */
export function decimalAt(text: string, scale: number): Whole | undefined {
  // What most texts are, at a tenth of the cost: so many digits can't be more than a safe integer.
  if (text.length + scale <= 15 && WHOLE.test(text)) return Number(text) * 10 ** scale;
  const parsed = parseDecimal(text);
  return parsed && rescale(parsed.amount, parsed.scale, scale);
}
const WHOLE = /^\d+$/;

/** The same amount at another scale; rounds half to even when digits are lost. */
export function rescale(amount: bigint, from: number, to: number): bigint {
  return to >= from ? amount * 10n ** BigInt(to - from) : divideHalfEven(amount, 10n ** BigInt(from - to));
}

/** The nearest integer, of two as near the even one. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = 2n * magnitude(numerator % denominator);
  const limit = magnitude(denominator);
  const roundsAway = twice > limit || (twice === limit && quotient % 2n !== 0n);
  if (!roundsAway) return quotient;
  return numerator < 0n === denominator < 0n ? quotient + 1n : quotient - 1n;
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

/** `formatDecimal(-1250n, 2)` is `-12.50`. */
export function formatDecimal(amount: bigint, scale: number): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(scale + 1, '0');
  const sign = amount < 0n ? '-' : '';
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Making a number format costs more than a whole command. At most 17,576 entries: three letters. */
const minorUnitScales = new Map<string, number>();

/** The decimal places of the currency's own minor unit (ISO 4217, as ICU knows them): 2 for GBP, 0 for JPY. */
export function minorUnitScale(currency: string): number {
  let scale = minorUnitScales.get(currency);
  if (scale === undefined) {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    minorUnitScales.set(currency, (scale = format.resolvedOptions().maximumFractionDigits ?? 2));
  }
  return scale;
}
