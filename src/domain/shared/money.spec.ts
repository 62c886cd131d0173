import { describe, expect, it } from 'vitest';
import { divideHalfEven, formatDecimal, minorUnitScale, parseDecimal, rescale } from './money.js';

describe('decimals', () => {
  it.each([
    ['12.50', { amount: 125n, scale: 1 }],
    ['-0.001', { amount: -1n, scale: 3 }],
    [' +7 ', { amount: 7n, scale: 0 }],
  ])('reads %j exactly', (text, expected) => {
    expect(parseDecimal(text)).toEqual(expected);
  });
  it.each(['1,234.5', '1,234.5O', '1e3', '', '.5', '5.', '£5', '1234567890123456', '0.1234567891'])(
    'does not take %j for a decimal',
    (text) => {
      expect(parseDecimal(text)).toBeUndefined();
    },
  );
  it('rounds half to even when digits are lost, and loses none upwards', () => {
    expect([25n, 35n, -25n, -35n, 26n, -26n].map((amount) => rescale(amount, 1, 0))).toEqual([
      2n,
      4n,
      -2n,
      -4n,
      3n,
      -3n,
    ]);
    expect(rescale(-125n, 2, 6)).toBe(-1_250_000n);
  });
  it('divides to the nearest, whatever the signs', () => {
    expect([divideHalfEven(7n, 2n), divideHalfEven(-7n, 2n), divideHalfEven(7n, -3n), divideHalfEven(5n, 2n)]).toEqual([
      4n,
      -4n,
      -2n,
      2n,
    ]);
  });
  it('writes every digit of its scale', () => {
    expect([formatDecimal(-1250n, 2), formatDecimal(5n, 3), formatDecimal(-5n, 0)]).toEqual(['-12.50', '0.005', '-5']);
  });
  it('knows the decimals of a currency', () => {
    expect(['GBP', 'JPY', 'KWD'].map(minorUnitScale)).toEqual([2, 0, 3]);
  });
});
