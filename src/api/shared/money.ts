/** Amounts as read models keep them (bigint at READ_SCALE) to the API's Money. */
import { formatDecimal, minorUnitScale, READ_SCALE, rescale, type Money } from '../../domain/shared/money.js';

export interface MoneyPayload {
  readonly amount: string;
  readonly currency: string;
  readonly minor: string;
}

/** @param amount millionths of the currency's unit; the driver gives a bigint column as bigint or string */
export function toMoney(amount: bigint | string | number, currency: string): MoneyPayload {
  return moneyAt(BigInt(amount), READ_SCALE, currency);
}

/** The domain's Money, for what a mutation answers. */
export const fromDomainMoney = (money: Money): MoneyPayload =>
  moneyAt(BigInt(money.amount), money.scale, money.currency);

function moneyAt(amount: bigint, scale: number, currency: string): MoneyPayload {
  const minorScale = minorUnitScale(currency);
  return {
    amount: exact(amount, scale, minorScale),
    currency,
    minor: rescale(amount, scale, minorScale).toString(),
  };
}

/** No digit lost, none shown beyond the currency's own that is zero. */
function exact(amount: bigint, scale: number, minorScale: number): string {
  let digits = scale;
  let value = amount;
  while (digits > minorScale && value % 10n === 0n) {
    value /= 10n;
    digits -= 1;
  }
  return digits < minorScale
    ? formatDecimal(rescale(value, digits, minorScale), minorScale)
    : formatDecimal(value, digits);
}
