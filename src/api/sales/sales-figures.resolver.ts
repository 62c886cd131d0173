/** Figures of sales by time, place, product, category and customer. */
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import {
  SalesFiguresQueries,
  type CustomerCounts,
  type FiguresFilter,
  type SalesGrouping,
} from '../../projections/sales/sales-figures.queries.js';
import { badInput } from '../shared/errors.js';
import { requirePosition } from '../shared/freshness.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import { averageOrderValue, commonView, figuresView, type FiguresView } from './sales-figures.views.js';

interface FiguresArguments {
  readonly filter?: FiguresFilter | null;
  readonly minPosition?: LogPosition | null;
}
type Ordered<Order> = FiguresArguments & { readonly orderBy?: Order | null; readonly first?: number | null };

/** What all the shapes by time and place are resolved from: each type shows those of these that it has. */
interface GroupView {
  readonly day: string;
  readonly month: string;
  readonly weekday: number;
  readonly country: string | null;
  readonly region: string | null;
  readonly channel: string | null;
  readonly figures: FiguresView;
  readonly customers: number;
  readonly newCustomers: number;
}

/** Rows of one answer, which is not paged. */
const MAX_FIRST = 1_000;
const DEFAULT_FIRST = 20;

@Resolver()
export class SalesFiguresResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly queries: SalesFiguresQueries,
  ) {}

  @Query('salesSummary')
  async summary(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<object[]> {
    const rows = await this.queries.summary(context.workspaceId, await this.ready(args));
    return rows.map((row) => ({
      ...row,
      figures: figuresView(row),
      meanShipDays: row.shippedLines > 0 ? row.shipDays / row.shippedLines : null,
    }));
  }

  @Query('salesByDay')
  byDay(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<GroupView[]> {
    return this.groups(context, args, 'day', 'day');
  }

  @Query('salesByMonth')
  byMonth(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<GroupView[]> {
    return this.groups(context, args, 'month', 'month');
  }

  @Query('salesByWeekday')
  byWeekday(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<GroupView[]> {
    return this.groups(context, args, 'weekday');
  }

  @Query('salesByCountry')
  byCountry(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<GroupView[]> {
    return this.groups(context, args, 'country', 'country');
  }

  @Query('salesByRegion')
  byRegion(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<GroupView[]> {
    return this.groups(context, args, 'region');
  }

  @Query('salesByChannel')
  byChannel(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<GroupView[]> {
    return this.groups(context, args, 'channel');
  }

  @Query('salesByProduct')
  async byProduct(
    @Args() args: Ordered<'GROSS' | 'NET' | 'UNITS' | 'PROFIT'> & { readonly groupBy?: 'SKU' | 'NAME' | null },
    @Context() context: ApiContext,
  ): Promise<object[]> {
    // A client that sends null says the same as one that sends nothing.
    const [groupBy, orderBy] = [args.groupBy ?? 'SKU', args.orderBy ?? 'GROSS'];
    const first = checkFirst(args.first);
    const rows = await this.queries.products(groupBy, orderBy, first, context.workspaceId, await this.ready(args));
    return rows.map((row) => ({ ...commonView(row), sku: row.sku, name: row.name }));
  }

  @Query('salesByCategory')
  async byCategory(
    @Args() args: FiguresArguments & { readonly depth?: number | null },
    @Context() context: ApiContext,
  ): Promise<object[]> {
    const { depth } = args;
    if (depth != null && depth < 1) throw badInput(`\`depth\` is at least 1; you sent ${depth}.`, 'depth');
    const rows = await this.queries.categories(depth, context.workspaceId, await this.ready(args));
    return rows.map((row) => ({ ...commonView(row), path: row.path }));
  }

  @Query('salesByCustomer')
  async byCustomer(
    @Args() args: Ordered<'GROSS' | 'NET' | 'ORDERS' | 'PROFIT'>,
    @Context() context: ApiContext,
  ): Promise<object[]> {
    const first = checkFirst(args.first);
    const rows = await this.queries.customers(
      args.orderBy ?? 'GROSS',
      first,
      context.workspaceId,
      await this.ready(args),
    );
    const seesNames = hasRole(context, 'member');
    return rows.map((row) => ({
      ...commonView(row),
      customerId: row.customerId,
      customerName: seesNames ? row.customerName : null,
      orders: row.orders,
      averageOrderValue: averageOrderValue(row),
    }));
  }

  /** @param counted how customers are counted, where the answer shows them */
  private async groups(
    context: ApiContext,
    args: FiguresArguments,
    grouping: SalesGrouping,
    counted?: 'day' | 'month' | 'country',
  ): Promise<GroupView[]> {
    const filter = await this.ready(args);
    const [rows, counts] = await Promise.all([
      this.queries.by(grouping, context.workspaceId, filter),
      counted ? this.queries.customersBy(counted, context.workspaceId, filter) : [],
    ]);
    const customers = new Map(counts.map((count): [string, CustomerCounts] => [groupKey(count), count]));
    return rows.map((row) => {
      const count = customers.get(groupKey(row));
      return {
        day: row.key,
        month: row.key.slice(0, 'YYYY-MM'.length),
        weekday: Number(row.key),
        country: row.key || null,
        region: row.key || null,
        channel: row.key || null,
        figures: figuresView(row),
        customers: count?.customers ?? 0,
        newCustomers: count?.newCustomers ?? 0,
      };
    });
  }

  private async ready({ filter, minPosition }: FiguresArguments): Promise<FiguresFilter> {
    await requirePosition(this.database, ['sales'], minPosition);
    if (filter?.from && filter.to && filter.from > filter.to) {
      throw badInput(`\`from\` (${filter.from}) is after \`to\` (${filter.to}).`, 'filter');
    }
    return filter ?? {};
  }
}

const groupKey = ({ key, currency }: { readonly key: string; readonly currency: string }): string =>
  `${currency} ${key}`;

function checkFirst(given: number | null | undefined): number {
  const first = given ?? DEFAULT_FIRST;
  if (first >= 1 && first <= MAX_FIRST) return first;
  throw badInput(`\`first\` is from 1 to ${MAX_FIRST}; you sent ${first}.`, 'first');
}
