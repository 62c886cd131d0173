/** One sale as the read model has it, folded from its events. Amounts inside `lines` and `refunds` are at the sale's own scale. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { READ_SCALE, rescale } from '../../domain/shared/money.js';
import {
  raisedLines,
  raisedRefund,
  type RefundedLine,
  type SaleEvent,
  type SaleHeader,
  type SaleKind,
  type SaleLine,
} from '../../domain/sales/sale.events.js';

/** A refund, or the cancellation: of a credit note its amount is negative. */
export interface GivenBack {
  /** Null for the cancellation. */
  readonly refundId: string | null;
  readonly day: string;
  readonly amount: number;
  readonly lines: readonly RefundedLine[];
  readonly reason: string;
}

export type SaleStatus = 'RECORDED' | 'PARTLY_REFUNDED' | 'REFUNDED' | 'CANCELLED';

export type SaleRow = {
  readonly sale_id: string;
  readonly kind: SaleKind;
  readonly reference: string;
  readonly day: string;
  /** The instant of the sale; null when only its day is known. */
  readonly sold_at: string | null;
  /** Orders the sales of a day: the instant, or else the day's first one. */
  readonly ordered_at: string;
  readonly currency: string;
  readonly scale: number;
  readonly customer_id: string | null;
  readonly customer_name: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly channel: string | null;
  readonly shipped_on: string | null;
  readonly status: SaleStatus;
  readonly line_count: number;
  /** The sum of the lines at READ_SCALE. */
  readonly total: bigint;
  /** What was given back of it by refunds and the cancellation, at READ_SCALE. */
  readonly refunded: bigint;
  readonly lines: readonly SaleLine[];
  readonly refunds: readonly GivenBack[];
  readonly version: number;
};

export function evolveSale(row: SaleRow | undefined, event: RecordedEvent<SaleEvent>): SaleRow | undefined {
  const fact = event as SaleEvent;
  const saleId = event.streamName.slice('sale-'.length);
  const version = event.revision + 1;
  if (fact.type === 'sales.SaleRecorded') {
    const { lines, ...header } = fact.data;
    return sale(saleId, header, lines, [], version);
  }
  if (!row) return undefined;
  const header = headerOf(row);
  const { scale } = header;
  switch (fact.type) {
    case 'sales.SaleLinesAdded': {
      const to = fact.data.scale;
      const lines = [...raisedLines(row.lines, scale, to), ...fact.data.lines];
      return sale(saleId, { ...header, scale: to }, lines, raisedRefunds(row, to), version);
    }
    case 'sales.SaleAmended': {
      const amended: SaleHeader = Object.assign({ ...header }, fact.data.to);
      const lines = fact.data.lines ?? raisedLines(row.lines, scale, amended.scale);
      return sale(saleId, amended, lines, raisedRefunds(row, amended.scale), version);
    }
    case 'sales.SaleRefunded':
      return sale(saleId, header, row.lines, [...row.refunds, fact.data], version);
    case 'sales.SaleCancelled':
      return sale(saleId, header, row.lines, [...row.refunds, { refundId: null, ...fact.data }], version);
  }
}

const raisedRefunds = (row: SaleRow, to: number): readonly GivenBack[] =>
  row.scale === to ? row.refunds : row.refunds.map((given) => raisedRefund(given, row.scale, to));

function sale(
  saleId: string,
  header: SaleHeader,
  lines: readonly SaleLine[],
  refunds: readonly GivenBack[],
  version: number,
): SaleRow {
  const total = sumAt(lines, header.scale);
  const refunded = sumAt(refunds, header.scale);
  return {
    sale_id: saleId,
    kind: header.kind,
    reference: header.reference,
    day: header.day,
    sold_at: header.soldAt,
    ordered_at: header.soldAt ?? `${header.day}T00:00:00.000Z`,
    currency: header.currency,
    scale: header.scale,
    customer_id: header.customerId,
    customer_name: header.customerName,
    country: header.country,
    region: header.region,
    channel: header.channel,
    shipped_on: header.shippedOn,
    status: statusOf(refunds, total, refunded),
    line_count: lines.length,
    total,
    refunded,
    lines,
    refunds,
    version,
  };
}

function statusOf(refunds: readonly GivenBack[], total: bigint, refunded: bigint): SaleStatus {
  if (refunds.at(-1)?.refundId === null) return 'CANCELLED';
  if (refunds.length === 0) return 'RECORDED';
  return refunded < total ? 'PARTLY_REFUNDED' : 'REFUNDED';
}

const sumAt = (parts: readonly { readonly amount: number }[], scale: number): bigint =>
  rescale(
    parts.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    scale,
    READ_SCALE,
  );

const headerOf = (row: SaleRow): SaleHeader => ({
  kind: row.kind,
  reference: row.reference,
  day: row.day,
  soldAt: row.sold_at,
  currency: row.currency,
  scale: row.scale,
  customerId: row.customer_id,
  customerName: row.customer_name,
  country: row.country,
  region: row.region,
  channel: row.channel,
  shippedOn: row.shipped_on,
});
