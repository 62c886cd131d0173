/** From figures as the read model has them to what the schema shows: exact amounts with their currency, averages. */
import { divideHalfEven, formatDecimal, minorUnitScale, READ_SCALE } from '../../domain/shared/money.js';
import type { CommonFigures, SalesFigures } from '../../projections/sales/sales-figures.queries.js';
import { toMoney, type MoneyPayload } from '../shared/money.js';

export interface CommonView {
  readonly currency: string;
  readonly gross: MoneyPayload;
  readonly net: MoneyPayload;
  readonly refunds: MoneyPayload;
  readonly profit: MoneyPayload | null;
  readonly units: string;
  readonly lines: number;
  readonly saleLines: number;
}

export interface FiguresView extends CommonView {
  readonly cancellations: MoneyPayload;
  readonly adjustments: MoneyPayload;
  readonly documents: number;
  readonly orders: number;
  readonly creditNotes: number;
  readonly averageOrderValue: MoneyPayload | null;
}

export function commonView(row: CommonFigures): CommonView {
  const { currency } = row;
  return {
    currency,
    gross: toMoney(row.gross, currency),
    net: toMoney(row.net, currency),
    refunds: toMoney(row.refunds, currency),
    profit: row.profitLines > 0 ? toMoney(row.profit, currency) : null,
    units: formatDecimal(BigInt(row.units), READ_SCALE).replace(/\.?0+$/, ''),
    lines: row.lines,
    saleLines: row.saleLines,
  };
}

export function figuresView(row: SalesFigures): FiguresView {
  const { currency, documents, orders, creditNotes } = row;
  return {
    ...commonView(row),
    cancellations: toMoney(row.cancellations, currency),
    adjustments: toMoney(row.adjustments, currency),
    documents,
    orders,
    creditNotes,
    averageOrderValue: averageOrderValue(row),
  };
}

/** gross / orders, rounded half to even to the currency's own decimals; null without orders. */
export function averageOrderValue(row: {
  readonly gross: string;
  readonly orders: number;
  readonly currency: string;
}): MoneyPayload | null {
  if (row.orders === 0) return null;
  const unit = 10n ** BigInt(READ_SCALE - minorUnitScale(row.currency));
  return toMoney(divideHalfEven(BigInt(row.gross), BigInt(row.orders) * unit) * unit, row.currency);
}
