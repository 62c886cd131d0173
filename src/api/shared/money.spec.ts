import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minorUnitScale, parseDecimal, READ_SCALE, rescale } from '../../domain/shared/money.js';
import { fromDomainMoney, toMoney } from './money.js';

const currency = fc.constantFrom('EUR', 'JPY', 'KWD');
/** Up to 9 billion units, the most that a document may hold. */
const amount = fc.bigInt(-(9n * 10n ** 15n), 9n * 10n ** 15n);

describe('an amount of a read model', () => {
  it('is written so that the text gives it back exactly, with at least the digits of its currency', () => {
    fc.assert(
      fc.property(amount, currency, (value, code) => {
        const money = toMoney(value, code);
        const { amount: digits = 0n, scale = 0 } = parseDecimal(money.amount) ?? {};
        expect(rescale(digits, scale, READ_SCALE)).toBe(value);
        const shown = money.amount.split('.')[1]?.length ?? 0;
        expect(shown).toBeGreaterThanOrEqual(minorUnitScale(code));
        expect(shown).toBe(Math.max(scale, minorUnitScale(code)));
      }),
    );
  });

  it('counts minor units to the nearest', () => {
    fc.assert(
      fc.property(amount, currency, (value, code) => {
        const unit = 10n ** BigInt(READ_SCALE - minorUnitScale(code));
        const off = BigInt(toMoney(value, code).minor) * unit - value;
        expect(2n * (off < 0n ? -off : off) <= unit).toBe(true);
      }),
    );
  });

  it('is the same as the driver gives it and as a bigint', () => {
    expect(toMoney('12500000', 'EUR')).toEqual(toMoney(12_500_000n, 'EUR'));
  });
});

describe('money of the domain', () => {
  it('shows the same as the read model of it', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: READ_SCALE }), currency, (value, scale, code) => {
        const read = toMoney(rescale(BigInt(value), scale, READ_SCALE), code);
        expect(fromDomainMoney({ amount: value, scale, currency: code })).toEqual(read);
      }),
    );
  });

  it.each([
    [
      { amount: 1999, scale: 2, currency: 'GBP' },
      { amount: '19.99', minor: '1999' },
    ],
    [
      { amount: -5, scale: 1, currency: 'GBP' },
      { amount: '-0.50', minor: '-50' },
    ],
    [
      { amount: 12_345, scale: 3, currency: 'GBP' },
      { amount: '12.345', minor: '1234' },
    ],
    [
      { amount: 700, scale: 0, currency: 'JPY' },
      { amount: '700', minor: '700' },
    ],
    [
      { amount: 1, scale: 0, currency: 'KWD' },
      { amount: '1.000', minor: '1000' },
    ],
    [
      { amount: 0, scale: 6, currency: 'EUR' },
      { amount: '0.00', minor: '0' },
    ],
  ])('writes %j as %j', (money, text) => {
    expect(fromDomainMoney(money)).toEqual({ ...text, currency: money.currency });
  });
});
