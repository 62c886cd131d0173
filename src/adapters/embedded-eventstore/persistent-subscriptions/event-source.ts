/**
 * Where a group's events come from: a stream, in which a place is a revision, or `$all`, in which it is a position. A group
 * reads on from a place in Postgres, or takes what has just been committed.
 */
import { matcherOf, visibleInAll } from '../event-filter.js';
import { expired, firstReadable, resolveLink } from '../link-resolver.js';
import type { LiveLog } from '../live-log.js';
import type { LogReader } from '../log-reader.js';
import type { ResolvedEvent } from '../messages.js';
import { NO_REVISION, TOMBSTONE_REVISION, type StoredEvent } from '../stored-event.js';
import { lastRevision } from '../stream-states.js';
import { ALL, type GroupDefinition } from './group-definition.js';

/** `hidden` events are passed over as if they were not there: a group's own checkpoints must not be news to it. */
export type Wanted = 'take' | 'skip' | 'hidden';

export interface SourcePage {
  readonly events: readonly { readonly event: StoredEvent; readonly wanted: Wanted }[];
  /** Undefined when there was nothing behind the place that was asked for. */
  readonly through: number | undefined;
}

export interface EventSource {
  /** The place of an event; undefined when it is none of this source's. */
  placeOf(event: StoredEvent): number | undefined;
  wanted(event: StoredEvent): Wanted;
  /** What follows a place, at most `limit` wanted events; the page may be shorter, and may end before the source does. */
  after(place: number, limit: number): Promise<SourcePage>;
  /** The last place that has an event; undefined when there is none. */
  last(): Promise<number | undefined>;
  resolve(event: StoredEvent): Promise<ResolvedEvent>;
}

/** Events examined at a time for a filter: most may not match. */
const FILTER_PAGE = 1_000;

export function eventSource(
  { stream, filter }: Pick<GroupDefinition, 'stream' | 'filter'>,
  reader: LogReader,
  live: LiveLog,
): EventSource {
  const resolve = (event: StoredEvent): Promise<ResolvedEvent> => resolveLink(reader, event);
  if (stream !== ALL) return { ...streamSource(stream, reader), resolve };
  const matches = filter && matcherOf(filter);
  const wanted = (event: StoredEvent): Wanted => {
    if (!visibleInAll(event)) return 'hidden';
    return !matches || matches(event) ? 'take' : 'skip';
  };
  return {
    resolve,
    wanted,
    placeOf: (event) => event.position,
    last: () => Promise.resolve(live.head === 0 ? undefined : live.head),
    after: async (place, limit) => {
      const bounds = { from: place + 1, to: live.head, backwards: false };
      const events = await reader.allPage(bounds, matches ? FILTER_PAGE : limit);
      return { events: events.map((event) => ({ event, wanted: wanted(event) })), through: events.at(-1)?.position };
    },
  };
}

function streamSource(stream: string, reader: LogReader): Omit<EventSource, 'resolve'> {
  return {
    // A tombstone ends the stream; it is no news in it.
    placeOf: (event) => (event.stream === stream && event.revision !== TOMBSTONE_REVISION ? event.revision : undefined),
    wanted: () => 'take',
    last: async () => {
      const last = lastRevision(await reader.streamState(stream), stream);
      return last === NO_REVISION || last === TOMBSTONE_REVISION ? undefined : last;
    },
    after: async (place, limit) => {
      const state = await reader.streamState(stream);
      if (state.last === TOMBSTONE_REVISION) return { events: [], through: undefined };
      const from = Math.max(place + 1, firstReadable(state, stream));
      const bounds = { from, to: Number.MAX_SAFE_INTEGER, backwards: false };
      const events = await reader.streamPage(stream, bounds, limit);
      return {
        events: events.map((event) => ({ event, wanted: expired(state, stream, event) ? 'skip' : 'take' })),
        through: events.at(-1)?.revision,
      };
    },
  };
}
