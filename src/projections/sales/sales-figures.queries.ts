/**
 * Figures of sales by day, month, weekday, place, customer, product and category. The definitions stand in
 * sale-contributions.ts. Amounts and units come as integers at READ_SCALE, as text; nothing is ever summed over currencies.
 */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { COMMON_MEASURES, PATH_SEPARATOR } from './sale-contributions.js';

export interface FiguresFilter {
  /** First and last day, inclusive. */
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
  readonly currency?: string | null | undefined;
}

/** What every group has. */
export interface CommonFigures {
  readonly currency: string;
  readonly gross: string;
  readonly net: string;
  /** What people gave back, 0 or negative. */
  readonly refunds: string;
  readonly profit: string;
  /** Lines whose profit is known; without any, `profit` says nothing. */
  readonly profitLines: number;
  readonly units: string;
  readonly lines: number;
  readonly saleLines: number;
}

export interface SalesFigures extends CommonFigures {
  readonly documents: number;
  readonly orders: number;
  readonly creditNotes: number;
  /** The lines of credit notes, 0 or negative. */
  readonly cancellations: string;
  readonly adjustments: string;
}

/** What figures by time and place are grouped by; `key` is text: a day, the month's first day, an ISO weekday, a name or empty. */
export type SalesGrouping = 'day' | 'month' | 'weekday' | 'country' | 'region' | 'channel';
export interface GroupedFigures extends SalesFigures {
  readonly key: string;
}

/** Customers of a group: how many bought, and of how many it was the first purchase ever (in this currency). */
export interface CustomerCounts {
  readonly key: string;
  readonly currency: string;
  readonly customers: number;
  readonly newCustomers: number;
}

export interface SalesSummary extends SalesFigures {
  readonly adjustmentLines: number;
  readonly zeroPriceLines: number;
  readonly negativeLines: number;
  readonly duplicateLines: number;
  readonly linesWithoutCustomer: number;
  readonly shippedLines: number;
  /** Summed over shipped lines. */
  readonly shipDays: number;
  /** Who bought. */
  readonly customers: number;
  /** Who stands on any document. */
  readonly knownCustomers: number;
  readonly firstAt: string | Date | null;
  readonly lastAt: string | Date | null;
}

export interface ProductFigures extends CommonFigures {
  /** Null when grouped by name. */
  readonly sku: string | null;
  readonly name: string;
}

export interface CategoryFigures extends CommonFigures {
  readonly path: readonly string[];
}

export interface CustomerFigures extends CommonFigures {
  readonly customerId: string;
  /** As on the customer's last document that has one. */
  readonly customerName: string | null;
  readonly orders: number;
}

/** Rows of an answer that has no pages: ten years of days in two currencies. */
const MAX_GROUPS = 7_500;

const KEYS: Readonly<Record<SalesGrouping, string>> = {
  day: 'f.day::text',
  month: `date_trunc('month', f.day)::date::text`,
  weekday: 'extract(isodow FROM f.day)::int::text',
  country: 'f.country',
  region: 'f.region',
  channel: 'f.channel',
};

/** A range that is open where no day is given, written so that the key's index answers it. */
const IN_RANGE = `f.workspace_id = $1 AND f.day >= coalesce($2::date, '-infinity') AND f.day <= coalesce($3::date, 'infinity')
  AND ($4::text IS NULL OR f.currency = $4)`;

const COMMON = `sum(f.gross)::text AS gross, sum(f.net)::text AS net, sum(f.refunds)::text AS refunds,
  sum(f.profit)::text AS profit, sum(f.profit_lines)::float8 AS "profitLines", sum(f.units)::text AS units,
  sum(f.lines)::float8 AS lines, sum(f.sale_lines)::float8 AS "saleLines"`;

const DAILY = `${COMMON}, sum(f.documents)::float8 AS documents, sum(f.orders)::float8 AS orders,
  sum(f.credit_notes)::float8 AS "creditNotes", sum(f.cancellations)::text AS cancellations,
  sum(f.adjustments)::text AS adjustments`;

const parametersOf = (workspaceId: string, filter: FiguresFilter): unknown[] => [
  workspaceId,
  filter.from ?? null,
  filter.to ?? null,
  filter.currency ?? null,
];

/** When the first or the last document of a currency in the range was. */
const endOf = (order: 'ASC' | 'DESC'): string => `(SELECT s.ordered_at FROM read.sales s WHERE s.workspace_id = $1
  AND s.day >= coalesce($2::date, '-infinity') AND s.day <= coalesce($3::date, 'infinity')
  AND s.currency = f.currency ORDER BY s.day ${order}, s.ordered_at ${order} LIMIT 1)`;

@Injectable()
export class SalesFiguresQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** By primary key (workspace_id, day, …): one row per day and place. Ordered by time, places by gross, largest first. */
  by(grouping: SalesGrouping, workspaceId: string, filter: FiguresFilter): Promise<GroupedFigures[]> {
    const isTime = grouping === 'day' || grouping === 'month' || grouping === 'weekday';
    const sql = `SELECT ${KEYS[grouping]} AS key, f.currency, ${DAILY} FROM read.sales_by_day f WHERE ${IN_RANGE}
      GROUP BY 1, 2 ORDER BY ${isTime ? '1, 2' : 'sum(f.gross) DESC, 1, 2'} LIMIT ${MAX_GROUPS}`;
    return this.database.query(workspaceId, sql, parametersOf(workspaceId, filter));
  }

  /** By primary key (workspace_id, day, …): one row per day, customer and country; first purchases look at all days. */
  customersBy(
    grouping: 'day' | 'month' | 'country',
    workspaceId: string,
    filter: FiguresFilter,
  ): Promise<CustomerCounts[]> {
    const sql = `WITH firsts AS (
        SELECT customer_id, currency, min(day) AS day FROM read.sales_by_customer
        WHERE workspace_id = $1 AND orders > 0 GROUP BY 1, 2)
      SELECT ${KEYS[grouping]} AS key, f.currency, count(DISTINCT f.customer_id)::int AS customers,
        (count(DISTINCT f.customer_id) FILTER (WHERE f.day = firsts.day))::int AS "newCustomers"
      FROM read.sales_by_customer f JOIN firsts USING (customer_id, currency)
      WHERE ${IN_RANGE} AND f.orders > 0 GROUP BY 1, 2 LIMIT ${MAX_GROUPS}`;
    return this.database.query(workspaceId, sql, parametersOf(workspaceId, filter));
  }

  /** One row per currency. By the primary keys of both tables, and (workspace_id, day, ordered_at, sale_id) for the ends. */
  summary(workspaceId: string, filter: FiguresFilter): Promise<SalesSummary[]> {
    const sql = `WITH buyers AS (
        SELECT f.currency, count(DISTINCT f.customer_id)::int AS known,
          (count(DISTINCT f.customer_id) FILTER (WHERE f.orders > 0))::int AS bought
        FROM read.sales_by_customer f WHERE ${IN_RANGE} GROUP BY 1)
      SELECT f.*, coalesce(b.bought, 0) AS customers, coalesce(b.known, 0) AS "knownCustomers",
        ${endOf('ASC')} AS "firstAt", ${endOf('DESC')} AS "lastAt"
      FROM (SELECT f.currency, ${DAILY}, sum(f.adjustment_lines)::float8 AS "adjustmentLines",
          sum(f.zero_price_lines)::float8 AS "zeroPriceLines", sum(f.negative_lines)::float8 AS "negativeLines",
          sum(f.duplicate_lines)::float8 AS "duplicateLines",
          sum(f.lines_without_customer)::float8 AS "linesWithoutCustomer",
          sum(f.shipped_lines)::float8 AS "shippedLines", sum(f.ship_days)::float8 AS "shipDays"
        FROM read.sales_by_day f WHERE ${IN_RANGE} GROUP BY 1) f
      LEFT JOIN buyers b ON b.currency = f.currency ORDER BY f.currency`;
    return this.database.query(workspaceId, sql, parametersOf(workspaceId, filter));
  }

  /**
   * The first products by a measure, largest first. A sku that went by several names shows the one of
   * most sale lines in the range.
   * By primary key (workspace_id, day, …): one row per day, sku and name.
   */
  products(
    groupBy: 'SKU' | 'NAME',
    orderBy: 'GROSS' | 'NET' | 'UNITS' | 'PROFIT',
    first: number,
    workspaceId: string,
    filter: FiguresFilter,
  ): Promise<ProductFigures[]> {
    const measure = `sum(f.${orderBy.toLowerCase()})`;
    const sql =
      groupBy === 'NAME'
        ? `SELECT NULL AS sku, f.product AS name, f.currency, ${COMMON} FROM read.sales_by_product f
          WHERE ${IN_RANGE} GROUP BY f.product, f.currency ORDER BY ${measure} DESC, name, f.currency LIMIT $5`
        : `WITH named AS (
            SELECT f.sku, f.product, f.currency, ${COMMON_MEASURES.map((name) => `sum(f.${name}) AS ${name}`).join(', ')}
            FROM read.sales_by_product f WHERE ${IN_RANGE} GROUP BY 1, 2, 3)
          SELECT f.sku, (array_agg(f.product ORDER BY f.product = '', f.sale_lines DESC, f.product))[1] AS name,
            f.currency, ${COMMON}
          FROM named f GROUP BY f.sku, f.currency ORDER BY ${measure} DESC, f.sku, f.currency LIMIT $5`;
    return this.database.query(workspaceId, sql, [...parametersOf(workspaceId, filter), first]);
  }

  /** One row per category down to a depth, by gross. By primary key (workspace_id, day, …). */
  categories(depth: number | null | undefined, workspaceId: string, filter: FiguresFilter): Promise<CategoryFigures[]> {
    const sql = `SELECT (string_to_array(f.category, '${PATH_SEPARATOR}'))[1:coalesce($5::int, 100)] AS path, f.currency, ${COMMON}
      FROM read.sales_by_category f WHERE ${IN_RANGE} GROUP BY 1, 2 ORDER BY sum(f.gross) DESC, 1, 2 LIMIT ${MAX_GROUPS}`;
    return this.database.query(workspaceId, sql, [...parametersOf(workspaceId, filter), depth ?? null]);
  }

  /**
   * The first customers by a measure, largest first. By primary key (workspace_id, day, …); the name by
   * (workspace_id, customer_id, day, …), only of those shown.
   */
  customers(
    orderBy: 'GROSS' | 'NET' | 'ORDERS' | 'PROFIT',
    first: number,
    workspaceId: string,
    filter: FiguresFilter,
  ): Promise<CustomerFigures[]> {
    const sql = `WITH top AS (
        SELECT f.customer_id AS "customerId", f.currency, ${COMMON}, sum(f.orders)::float8 AS orders,
          sum(f.${orderBy.toLowerCase()}) AS measure
        FROM read.sales_by_customer f WHERE ${IN_RANGE} GROUP BY 1, 2 ORDER BY measure DESC, 1, 2 LIMIT $5)
      SELECT top.*, (SELECT s.customer_name FROM read.sales s
          WHERE s.workspace_id = $1 AND s.customer_id = top."customerId" AND s.customer_name IS NOT NULL
          ORDER BY s.day DESC, s.ordered_at DESC LIMIT 1) AS "customerName"
      FROM top ORDER BY top.measure DESC, top."customerId", top.currency`;
    return this.database.query(workspaceId, sql, [...parametersOf(workspaceId, filter), first]);
  }
}
