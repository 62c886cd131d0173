/** Changes of documents, as they happen. */
import { Args, Context, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { saleEvents } from '../../domain/sales/sale.events.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { SaleRecord } from '../../projections/sales/sale.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import type { ApiContext } from '../shared/request-context.js';
import { SaleLoader } from './sale.loader.js';

const EVENT_TYPES = saleEvents.map(({ type }) => type);

interface ChangedArguments {
  readonly saleId?: string | null;
  readonly after?: LogPosition | null;
}

@Resolver('SaleChanged')
export class SaleChangedResolver {
  constructor(
    private readonly changes: ChangeFeed,
    private readonly sales: SaleLoader,
  ) {}

  @Subscription('saleChanged')
  changed(@Args() { saleId, after }: ChangedArguments, @Context() context: ApiContext): AsyncIterable<object> {
    const matches = ({ thingId }: { readonly thingId: string }): boolean => !saleId || thingId === saleId;
    const request = { filter: { types: EVENT_TYPES }, projections: ['sales'], after, matches };
    return this.changes.subscribe(context, 'saleChanged', request, ({ thingId }) => ({ saleId: thingId }));
  }

  @ResolveField('sale')
  sale(change: { readonly saleId: string }, _args: unknown, context: ApiContext): Promise<SaleRecord | null> {
    return this.sales.load(context, change.saleId);
  }
}
