/** The history of a workspace, for auditors: the index from its read model, the data from the log. */
import { Args, Context, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  EventIndexQueries,
  newestFirst,
  oldestFirst,
  type EventFilter,
  type EventIndexRecord,
} from '../../projections/audit/event-index.queries.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import { checkTypes, EVENT_INDEX } from './arguments.js';
import { eventKey, LoggedEventLoader } from './logged-event.loader.js';

interface EventHistoryArguments extends PageArguments {
  readonly filter?: EventFilter | null;
  readonly orderBy?: 'NEWEST_FIRST' | 'OLDEST_FIRST' | null;
  readonly minPosition?: LogPosition | null;
}

@Resolver('LoggedEvent')
export class EventHistoryResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly index: EventIndexQueries,
    private readonly log: LoggedEventLoader,
  ) {}

  @Query('eventHistory')
  async history(
    @Args() args: EventHistoryArguments,
    @Context() context: ApiContext,
  ): Promise<Connection<EventIndexRecord>> {
    const filter = args.filter ?? {};
    if (filter.types) checkTypes(filter.types);
    await requirePosition(this.database, EVENT_INDEX, args.minPosition);
    const order = args.orderBy === 'OLDEST_FIRST' ? oldestFirst : newestFirst;
    return connection(args, order, (page) => this.index.page(context.workspaceId, filter, order, page));
  }

  @ResolveField('position')
  position({ commit, prepare }: EventIndexRecord): string {
    return `${commit}/${prepare}`;
  }

  @ResolveField('streamName')
  streamName({ category, thingId }: EventIndexRecord): string {
    return `${category}-${thingId}`;
  }

  /** Holds what people entered, personal data among it. */
  @ResolveField('data')
  async data(event: EventIndexRecord, _args: unknown, context: ApiContext): Promise<unknown> {
    if (!hasRole(context, 'manager')) return null;
    return (await this.log.load(context, eventKey(event)))?.data ?? null;
  }

  @ResolveField('source')
  async source(event: EventIndexRecord, _args: unknown, context: ApiContext): Promise<unknown> {
    if (!hasRole(context, 'manager')) return null;
    return (await this.log.load(context, eventKey(event)))?.metadata.source ?? null;
  }
}
