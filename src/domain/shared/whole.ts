/** Exact whole numbers of any size: numbers where those are safe, which cost a tenth of what a bigint does, else bigints. */
export type Whole = number | bigint;

export const isWhole = (value: unknown): value is Whole => Number.isSafeInteger(value) || typeof value === 'bigint';

export function plus(a: Whole, b: Whole): Whole {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(b);
}

export function times(a: Whole, b: Whole): Whole {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product;
  }
  return BigInt(a) * BigInt(b);
}

/** Zero stays zero, and does not become -0. */
export const negated = (a: Whole): Whole => (typeof a === 'number' ? 0 - a : -a);
