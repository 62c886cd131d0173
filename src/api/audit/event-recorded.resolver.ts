/** Events as they are recorded, for integrators. */
import { Args, Context, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventIndexRecord } from '../../projections/audit/event-index.queries.js';
import { EventTypes } from '../ports/event-types.port.js';
import { ChangeFeed, type ChangeFilter } from '../shared/change-feed.js';
import { badInput } from '../shared/errors.js';
import type { ApiContext } from '../shared/request-context.js';
import { checkTypes, EVENT_INDEX } from './arguments.js';
import { IndexedEventLoader } from './indexed-event.loader.js';

interface EventsArguments extends ChangeFilter {
  readonly after?: LogPosition | null;
}

@Resolver('EventRecorded')
export class EventRecordedResolver {
  constructor(
    private readonly changes: ChangeFeed,
    private readonly index: IndexedEventLoader,
    private readonly eventTypes: EventTypes,
  ) {}

  @Subscription('events')
  events(@Args() { after, types, ...others }: EventsArguments, @Context() context: ApiContext): AsyncIterable<object> {
    const filter = { ...others, ...(types ? { types: this.expand(types) } : {}) };
    return this.changes.subscribe(context, 'events', { filter, projections: EVENT_INDEX, after }, () => ({}));
  }

  @ResolveField('event')
  event(
    { cursor }: { readonly cursor: LogPosition },
    _args: unknown,
    context: ApiContext,
  ): Promise<EventIndexRecord | null> {
    return this.index.load(context, cursor.commit.toString());
  }

  /** @throws BAD_USER_INPUT when a pattern stands for no type: it would be waited for in vain */
  private expand(patterns: readonly string[]): readonly string[] {
    checkTypes(patterns);
    return [...new Set(patterns.flatMap((pattern) => this.typesOf(pattern)))];
  }

  private typesOf(pattern: string): readonly string[] {
    const found = this.eventTypes.matching(pattern);
    if (found.length > 0) return found;
    const some = this.eventTypes.names.slice(0, 3).join(', ');
    throw badInput(`There is no event type ${pattern.slice(0, 100)}. They are named like ${some}; all of them are in schemas/events.`, 'types'); // prettier-ignore
  }
}
