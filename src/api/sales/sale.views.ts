/** From documents, as the read model or a command has them, to what the schema shows. */
import type { Accepted } from '../../commands/shared/command.js';
import type { SaleState } from '../../commands/sales/record-sale.command.js';
import type { SaleLine } from '../../domain/sales/sale.events.js';
import { READ_SCALE, rescale } from '../../domain/shared/money.js';
import type { GivenBack, SaleRecord, SaleStatus } from '../../projections/sales/sale.queries.js';
import { fromDomainMoney, type MoneyPayload } from '../shared/money.js';

export interface SaleLineView extends Omit<SaleLine, 'amount' | 'profit'> {
  readonly amount: MoneyPayload;
  readonly profit: MoneyPayload | null;
}

export interface SaleRefundView extends Omit<GivenBack, 'amount' | 'lines'> {
  readonly amount: MoneyPayload;
  readonly lines: readonly { readonly lineNo: number; readonly quantity: string; readonly amount: MoneyPayload }[];
}

export function linesOf({ lines, currency, scale }: SaleRecord): SaleLineView[] {
  return lines.map((line) => ({
    ...line,
    amount: fromDomainMoney({ amount: line.amount, currency, scale }),
    profit: line.profit === null ? null : fromDomainMoney({ amount: line.profit, currency, scale }),
  }));
}

export function refundsOf({ refunds, currency, scale }: SaleRecord): SaleRefundView[] {
  const money = (amount: number): MoneyPayload => fromDomainMoney({ amount, currency, scale });
  return refunds.map((given) => ({
    ...given,
    amount: money(given.amount),
    lines: given.lines.map((line) => ({ ...line, amount: money(line.amount) })),
  }));
}

/** The payload of every mutation of a sale, as the read model will have it. */
export function salePayload({ id, state, version }: Accepted<SaleState>): { readonly sale: SaleRecord | null } {
  if (!state.exists) return { sale: null };
  const { header, lines, total, cancelled } = state;
  const refunds: GivenBack[] = [...state.refunds];
  if (cancelled) refunds.push({ refundId: null, ...cancelled });
  const atReadScale = (amount: number): bigint => rescale(BigInt(amount), header.scale, READ_SCALE);
  const refunded = state.refunded + (cancelled?.amount ?? 0);
  return {
    sale: {
      id,
      ...header,
      orderedAt: header.soldAt ?? `${header.day}T00:00:00.000Z`,
      status: statusOf(state.refunds.length > 0, cancelled !== null, refunded, total),
      total: atReadScale(total),
      refunded: atReadScale(refunded),
      lines,
      refunds,
      version,
    },
  };
}

function statusOf(isRefunded: boolean, isCancelled: boolean, refunded: number, total: number): SaleStatus {
  if (isCancelled) return 'CANCELLED';
  if (!isRefunded) return 'RECORDED';
  return refunded < total ? 'PARTLY_REFUNDED' : 'REFUNDED';
}
