import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWhole, negated, plus, times, type Whole } from './whole.js';

const whole: fc.Arbitrary<Whole> = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
);

describe('whole numbers', () => {
  it('are added, multiplied and negated exactly, whatever their size and kind', () => {
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(BigInt(plus(a, b))).toBe(BigInt(a) + BigInt(b));
        expect(BigInt(times(a, b))).toBe(BigInt(a) * BigInt(b));
        expect(BigInt(negated(a))).toBe(-BigInt(a));
      }),
    );
  });

  it('stay numbers while those are safe', () => {
    expect(plus(2, 3)).toBe(5);
    expect(plus(Number.MAX_SAFE_INTEGER, 1)).toBe(2n ** 53n);
    expect(times(Number.MAX_SAFE_INTEGER, 2)).toBe(2n ** 54n - 2n);
    expect(Object.is(negated(0), 0)).toBe(true);
  });

  it.each([1.5, Number.NaN, 2 ** 53, '1', null, undefined])('are not %s', (value) => {
    expect(isWhole(value)).toBe(false);
  });
});
