/** What was sold: every document, and the sums by day and place, by customer, by product and by category. */
import { saleEvents } from '../../domain/sales/sale.events.js';
import { defineEntity } from '../engine/projection.js';
import {
  categoryContributions,
  COMMON_MEASURES,
  CUSTOMER_MEASURES,
  customerContributions,
  DAY_MEASURES,
  dayContributions,
  productContributions,
} from './sale-contributions.js';
import { evolveSale, type SaleRow } from './sale-row.js';

/** Amounts and units of many sales together may be more than 64 bits hold, and a sum that overflows would stop the read model. */
const UNBOUNDED: ReadonlySet<string> = new Set([
  'units', 'gross', 'net', 'refunds', 'profit', 'cancellations', 'adjustments',
]); // prettier-ignore

const sums = (names: readonly string[]): Record<string, 'bigint' | 'numeric'> =>
  Object.fromEntries(names.map((name) => [name, UNBOUNDED.has(name) ? 'numeric' : 'bigint']));

export const salesProjection = defineEntity<SaleRow>()({
  name: 'sales',
  version: 3,
  events: saleEvents,
  category: 'sale',
  table: {
    name: 'sales',
    columns: {
      sale_id: 'uuid',
      kind: 'text',
      reference: 'text',
      day: 'date',
      sold_at: { type: 'timestamptz', nullable: true },
      ordered_at: 'timestamptz',
      currency: 'text',
      scale: 'int',
      customer_id: { type: 'text', nullable: true },
      customer_name: { type: 'text', nullable: true },
      country: { type: 'text', nullable: true },
      region: { type: 'text', nullable: true },
      channel: { type: 'text', nullable: true },
      shipped_on: { type: 'date', nullable: true },
      status: 'text',
      line_count: 'int',
      total: 'bigint',
      refunded: 'bigint',
      // On the row and not one row per line: they are only ever read with their sale, and a sale of twenty lines is one write.
      lines: 'json',
      refunds: 'json',
      version: 'int',
    },
    key: ['sale_id'],
    indexes: [
      // The list by day, also within a range of days.
      '(workspace_id, day, ordered_at, sale_id)',
      // The list by amount.
      '(workspace_id, total, sale_id)',
      // One customer's sales, and the name a customer was last sold to by.
      '(workspace_id, customer_id, day, ordered_at, sale_id)',
      // A document by its number.
      '(workspace_id, reference)',
    ],
  },
  key: (event) => ({ sale_id: event.streamName.slice('sale-'.length) }),
  evolve: evolveSale,
  rollups: [
    {
      name: 'sales_by_day',
      columns: {
        day: 'date',
        currency: 'text',
        country: 'text',
        region: 'text',
        channel: 'text',
        ...sums(DAY_MEASURES),
      },
      // Days first: every question has a range of days or wants them all.
      key: ['day', 'currency', 'country', 'region', 'channel'],
      measures: DAY_MEASURES,
      contributions: dayContributions,
    },
    {
      name: 'sales_by_customer',
      columns: { day: 'date', currency: 'text', customer_id: 'text', country: 'text', ...sums(CUSTOMER_MEASURES) },
      key: ['day', 'currency', 'customer_id', 'country'],
      measures: CUSTOMER_MEASURES,
      contributions: customerContributions,
    },
    {
      name: 'sales_by_product',
      columns: { day: 'date', currency: 'text', sku: 'text', product: 'text', ...sums(COMMON_MEASURES) },
      key: ['day', 'currency', 'sku', 'product'],
      measures: COMMON_MEASURES,
      contributions: productContributions,
    },
    {
      name: 'sales_by_category',
      columns: { day: 'date', currency: 'text', category: 'text', ...sums(COMMON_MEASURES) },
      key: ['day', 'currency', 'category'],
      measures: COMMON_MEASURES,
      contributions: categoryContributions,
    },
  ],
});
