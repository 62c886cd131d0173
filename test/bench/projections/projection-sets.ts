/** What is built: the product's own projections, and small ones such as analysts write beside them. */
import { saleEvents, saleRecorded, type SaleEvent } from '../../../src/domain/sales/sale.events.js';
import type { RecordedEvent } from '../../../src/domain/shared/recorded-event.js';
import { eventIndexProjection } from '../../../src/projections/audit/event-index.projection.js';
import { defineEntity, type Projection, type Row } from '../../../src/projections/engine/projection.js'; // prettier-ignore
import { salesProjection } from '../../../src/projections/sales/sales.projection.js';

interface Counted extends Row {
  readonly key: string;
  readonly events: number;
  readonly amount: bigint;
}

/** One table, one row per key: how often, and how much. */
function small(name: string, key: (event: RecordedEvent<SaleEvent>) => string | undefined): Projection {
  const keyOf = (event: RecordedEvent): string | undefined => key(event as RecordedEvent<SaleEvent>);
  return defineEntity<Counted>()({
    name,
    version: 1,
    events: saleEvents,
    table: { name: name.replaceAll('-', '_'), columns: { key: 'text', events: 'int', amount: 'bigint' }, key: ['key'] },
    key: (event) => {
      const of = keyOf(event);
      return of === undefined ? undefined : { key: of };
    },
    evolve: (row, event) => ({
      key: keyOf(event) ?? '',
      events: (row?.events ?? 0) + 1,
      amount: (row?.amount ?? 0n) + amountOf(event as RecordedEvent<SaleEvent>),
    }),
  });
}

function amountOf({ type, data }: RecordedEvent<SaleEvent>): bigint {
  return type === saleRecorded.type && 'lines' in data && data.lines
    ? data.lines.reduce((sum, line) => sum + BigInt('amount' in line ? line.amount : 0), 0n)
    : 0n;
}

const header = (field: 'country' | 'channel' | 'customerId') => (event: RecordedEvent<SaleEvent>): string | undefined =>
  event.type === saleRecorded.type && field in event.data ? String((event.data as Record<string, unknown>)[field]) : undefined; // prettier-ignore

const eight: readonly Projection[] = [
  salesProjection,
  eventIndexProjection,
  small('small-days', ({ metadata }) => metadata.occurredAt.slice(0, 10)),
  small('small-types', ({ type }) => type),
  small('small-clerks', ({ metadata }) => metadata.actor.id),
  small('small-countries', header('country')),
  small('small-channels', header('channel')),
  small('small-customers', header('customerId')),
];

/** The whole of the sales read models under another name. */
function copyOfSales(n: number): Projection {
  const renamed = <T extends { readonly name: string }>(table: T): T => ({ ...table, name: `${table.name}_${n}` });
  return {
    ...salesProjection,
    name: `sales-${n}`,
    // Only one may answer for sales.
    category: `sale-${n}`,
    table: renamed(salesProjection.table),
    rollups: (salesProjection.rollups ?? []).map(renamed),
  };
}

export const projectionSets = {
  sales: [salesProjection],
  eight,
  copies: [salesProjection, ...[2, 3, 4, 5, 6, 7, 8].map(copyOfSales)],
} as const satisfies Record<string, readonly Projection[]>;
export type ProjectionSet = keyof typeof projectionSets;
