/** Documents: lists, one of them, and what people record and put right. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { AddSaleLines } from '../../commands/sales/add-sale-lines.command.js';
import { AmendSale } from '../../commands/sales/amend-sale.command.js';
import { CancelSale } from '../../commands/sales/cancel-sale.command.js';
import { RecordSale } from '../../commands/sales/record-sale.command.js';
import { RefundSale } from '../../commands/sales/refund-sale.command.js';
import type { SaleKind } from '../../domain/sales/sale.events.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { saleOrders, SaleQueries, type SaleFilter, type SaleRecord } from '../../projections/sales/sale.queries.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { toMoney, type MoneyPayload } from '../shared/money.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import { SaleLoader } from './sale.loader.js';
import { linesOf, refundsOf, salePayload, type SaleLineView, type SaleRefundView } from './sale.views.js';

const READS = ['sales'];

interface SalesArguments extends PageArguments {
  readonly filter?: (Omit<SaleFilter, 'kind'> & { readonly kind?: string | null }) | null;
  readonly orderBy?: keyof typeof saleOrders | null;
  readonly minPosition?: LogPosition | null;
}

/** The schema's kinds are the event's in capitals. */
const KINDS: Readonly<Record<string, SaleKind>> = {
  SALE: 'sale',
  CREDIT_NOTE: 'credit_note',
  ADJUSTMENT: 'adjustment',
};

@Resolver('Sale')
export class SaleResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: SaleQueries,
    private readonly sales: SaleLoader,
  ) {}

  @Query('sale')
  async one(
    @Args() { id, minPosition }: { readonly id: string; readonly minPosition?: LogPosition | null },
    @Context() context: ApiContext,
  ): Promise<SaleRecord | null> {
    await requirePosition(this.database, READS, minPosition);
    return this.sales.load(context, id);
  }

  @Query('sales')
  async list(@Args() args: SalesArguments, @Context() context: ApiContext): Promise<Connection<SaleRecord>> {
    await requirePosition(this.database, READS, args.minPosition);
    const filter = { ...args.filter, kind: kindOf(args.filter?.kind) };
    const order = saleOrders[args.orderBy ?? 'NEWEST'];
    return connection(args, order, (page) => this.queries.page(context.workspaceId, filter, order, page));
  }

  @Mutation('recordSale')
  record(@Args('input') input: InputOf<RecordSale>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RecordSale, { ...input, kind: kindOf(input.kind) }, salePayload);
  }

  @Mutation('addSaleLines')
  addLines(@Args('input') input: InputOf<AddSaleLines>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AddSaleLines, input, salePayload);
  }

  @Mutation('amendSale')
  amend(@Args('input') input: InputOf<AmendSale>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AmendSale, { ...input, kind: kindOf(input.kind) }, salePayload);
  }

  @Mutation('refundSale')
  refund(@Args('input') input: InputOf<RefundSale>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RefundSale, input, salePayload);
  }

  @Mutation('cancelSale')
  cancel(@Args('input') input: InputOf<CancelSale>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CancelSale, input, salePayload);
  }

  @ResolveField('kind')
  kind({ kind }: SaleRecord): string {
    return kind.toUpperCase();
  }

  @ResolveField('customerName')
  customerName({ customerName }: SaleRecord, _args: unknown, context: ApiContext): string | null {
    return hasRole(context, 'member') ? customerName : null;
  }

  @ResolveField('total')
  total({ total, currency }: SaleRecord): MoneyPayload {
    return toMoney(total, currency);
  }

  @ResolveField('refunded')
  refunded({ refunded, currency }: SaleRecord): MoneyPayload {
    return toMoney(refunded, currency);
  }

  @ResolveField('lines')
  lines(sale: SaleRecord): SaleLineView[] {
    return linesOf(sale);
  }

  @ResolveField('refunds')
  refunds(sale: SaleRecord): SaleRefundView[] {
    return refundsOf(sale);
  }
}

const kindOf = (kind: string | null | undefined): SaleKind | undefined => (kind == null ? undefined : KINDS[kind]);
