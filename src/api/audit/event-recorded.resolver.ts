/** Events as they are recorded, for integrators. */
import { Args, Context, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventIndexRecord } from '../../projections/audit/event-index.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import type { ApiContext } from '../shared/request-context.js';
import { checkTypes, EVENT_INDEX } from './arguments.js';
import { IndexedEventLoader } from './indexed-event.loader.js';

interface EventsArguments {
  readonly types: readonly string[];
  readonly after?: LogPosition | null;
}

@Resolver('EventRecorded')
export class EventRecordedResolver {
  constructor(
    private readonly changes: ChangeFeed,
    private readonly index: IndexedEventLoader,
  ) {}

  @Subscription('events')
  events(@Args() { types, after }: EventsArguments, @Context() context: ApiContext): AsyncIterable<object> {
    checkTypes(types);
    const request = { eventTypes: types, projections: EVENT_INDEX, after };
    return this.changes.subscribe(context, 'events', request, () => ({}));
  }

  @ResolveField('event')
  event(
    { cursor }: { readonly cursor: LogPosition },
    _args: unknown,
    context: ApiContext,
  ): Promise<EventIndexRecord | null> {
    return this.index.load(context, cursor.commit.toString());
  }
}
