/** Documents as they were recorded, by day or by amount. */
import { Injectable } from '@nestjs/common';
import type { SaleKind, SaleLine } from '../../domain/sales/sale.events.js';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type KeysetOrder, type PageRequest } from '../shared/keyset.js';
import type { GivenBack, SaleStatus } from './sale-row.js';

export type { GivenBack, SaleStatus } from './sale-row.js';

/** `total` and `refunded` are at READ_SCALE, amounts inside lines and refunds at the sale's own scale. */
export interface SaleRecord {
  readonly id: string;
  readonly kind: SaleKind;
  readonly reference: string;
  /** YYYY-MM-DD */
  readonly day: string;
  readonly soldAt: string | Date | null;
  readonly orderedAt: string | Date;
  readonly currency: string;
  readonly scale: number;
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly channel: string | null;
  readonly shippedOn: string | null;
  readonly status: SaleStatus;
  readonly total: bigint | string;
  readonly refunded: bigint | string;
  readonly lines: readonly SaleLine[];
  readonly refunds: readonly GivenBack[];
  readonly version: number;
}

export interface SaleFilter {
  /** First and last day, inclusive. */
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
  readonly kind?: SaleKind | null | undefined;
  readonly status?: SaleStatus | null | undefined;
  readonly reference?: string | null | undefined;
  readonly customerId?: string | null | undefined;
  readonly country?: string | null | undefined;
  readonly channel?: string | null | undefined;
  readonly currency?: string | null | undefined;
}

const byDay = (name: string, direction: 'asc' | 'desc'): KeysetOrder =>
  keysetOrder(name, [
    { sql: 's.day', field: 'day', type: 'date', direction },
    { sql: 's.ordered_at', field: 'orderedAt', type: 'timestamptz', direction },
    { sql: 's.sale_id', field: 'id', type: 'uuid', direction },
  ]);
const byTotal = (name: string, direction: 'asc' | 'desc'): KeysetOrder =>
  keysetOrder(name, [
    { sql: 's.total', field: 'total', type: 'bigint', direction },
    { sql: 's.sale_id', field: 'id', type: 'uuid', direction },
  ]);

export const saleOrders = {
  NEWEST: byDay('salesNewest', 'desc'),
  OLDEST: byDay('salesOldest', 'asc'),
  LARGEST: byTotal('salesLargest', 'desc'),
  SMALLEST: byTotal('salesSmallest', 'asc'),
} as const;

const SELECT = `SELECT s.sale_id AS id, s.kind, s.reference, s.day::text AS day, s.sold_at AS "soldAt",
  s.ordered_at AS "orderedAt", s.currency, s.scale, s.customer_id AS "customerId", s.customer_name AS "customerName",
  s.country, s.region, s.channel, s.shipped_on::text AS "shippedOn", s.status, s.total, s.refunded, s.lines, s.refunds,
  s.version FROM read.sales s`;

@Injectable()
export class SaleQueries {
  constructor(private readonly database: ReadDatabase) {}

  /**
   * One page. Index (workspace_id, day, ordered_at, sale_id) or (workspace_id, total, sale_id); of one customer or one
   * reference, theirs.
   */
  page(workspaceId: string, filter: SaleFilter, order: KeysetOrder, page: PageRequest): Promise<SaleRecord[]> {
    // Only what is asked for stands in the text, so that the planner sees which index fits.
    const parameters: unknown[] = [workspaceId];
    const conditions = ['s.workspace_id = $1'];
    for (const [field, condition] of CONDITIONS) {
      const value = filter[field];
      if (value == null) continue;
      parameters.push(value);
      conditions.push(`${condition} $${parameters.length}`);
    }
    const keyset = keysetSql(order, page, parameters.length + 1);
    const sql = `${SELECT} WHERE ${conditions.join(' AND ')} AND ${keyset.where}
      ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [...parameters, ...keyset.parameters]);
  }

  /** In any order; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<SaleRecord[]> {
    const sql = `${SELECT} WHERE s.workspace_id = $1 AND s.sale_id = ANY($2::uuid[])`;
    return this.database.query(workspaceId, sql, [workspaceId, ids]);
  }
}

const CONDITIONS: readonly (readonly [keyof SaleFilter, string])[] = [
  ['from', 's.day >='],
  ['to', 's.day <='],
  ['kind', 's.kind ='],
  ['status', 's.status ='],
  ['reference', 's.reference ='],
  ['customerId', 's.customer_id ='],
  ['country', 's.country ='],
  ['channel', 's.channel ='],
  ['currency', 's.currency ='],
];
