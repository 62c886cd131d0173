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
import { connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import { checkTypes, EVENT_INDEX } from './arguments.js';
import { eventKey, LoggedEventLoader } from './logged-event.loader.js';
import { pinConnection, unpin, type PinnedConnection } from './pinned-pages.js';

interface EventHistoryArguments extends PageArguments {
  readonly filter?: EventFilter | null;
  readonly orderBy?: 'NEWEST_FIRST' | 'OLDEST_FIRST' | null;
  readonly upTo?: LogPosition | null;
  readonly minPosition?: LogPosition | null;
}

/** Beyond, counting would cost more than reading. */
const MOST_COUNTED = 10_000;

/** What the count of a page's list needs. */
interface HistoryPage extends PinnedConnection<EventIndexRecord> {
  readonly filter: EventFilter;
}

@Resolver('LoggedEvent')
export class EventHistoryResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly index: EventIndexQueries,
    private readonly log: LoggedEventLoader,
  ) {}

  @Query('eventHistory')
  async history(@Args() args: EventHistoryArguments, @Context() context: ApiContext): Promise<HistoryPage> {
    const filter = args.filter ?? {};
    if (filter.types) checkTypes(filter.types);
    const { page: pageArguments, pin } = unpin(args);
    await requirePosition(this.database, EVENT_INDEX, args.minPosition);
    const upTo = pin ?? (await this.end(context.workspaceId));
    const order = args.orderBy === 'OLDEST_FIRST' ? oldestFirst : newestFirst;
    const commit = upTo?.slice(0, upTo.indexOf('/'));
    const page = await connection(pageArguments, order, (request) =>
      this.index.page(context.workspaceId, filter, order, request, commit),
    );
    return { ...pinConnection(page, upTo), filter };
  }

  private async end(workspaceId: string): Promise<string | undefined> {
    const last = await this.index.last(workspaceId);
    return last && `${last.commit}/${last.prepare}`;
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

/** Only counted for those who ask. */
@Resolver('LoggedEventConnection')
export class EventCountResolver {
  constructor(private readonly index: EventIndexQueries) {}

  @ResolveField('totalCount')
  async totalCount({ upTo, filter }: HistoryPage, _args: unknown, context: ApiContext): Promise<number | null> {
    if (upTo === null) return 0;
    const commit = upTo.slice(0, upTo.indexOf('/'));
    const count = await this.index.count(context.workspaceId, filter, commit, MOST_COUNTED + 1);
    return count > MOST_COUNTED ? null : count;
  }
}
