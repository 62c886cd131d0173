/** Messages that a group gave up on: links to them in a stream of the group's own, from which they can be replayed. */
import { expired, firstReadable } from '../link-resolver.js';
import type { LogReader } from '../log-reader.js';
import { NO_REVISION, TOMBSTONE_REVISION, type StoredEvent } from '../stored-event.js';
import { softDeleted } from '../stream-states.js';
import { subscriptionId, type GroupDefinition } from './group-definition.js';
import type { Message } from './message.js';
import type { OwnStreams } from './own-streams.js';

export const parkedStream = (group: Pick<GroupDefinition, 'stream' | 'group'>): string =>
  `$persistentsubscription-${subscriptionId(group)}-parked`;

export class ParkedMessages {
  readonly stream: string;

  constructor(
    group: Pick<GroupDefinition, 'stream' | 'group'>,
    private readonly own: OwnStreams,
    private readonly reader: LogReader,
  ) {
    this.stream = parkedStream(group);
  }

  /** Resolves when the link is on disk. */
  park(message: Message, reason: string): Promise<void> {
    const { event, original } = message;
    const metadata = { added: new Date().toISOString(), reason, subscriptionEventNumber: original.revision };
    return this.own.append(this.stream, {
      type: '$>',
      isJson: false,
      // A link whose target is gone is parked as it is.
      data: event ? Buffer.from(`${event.revision}@${event.stream}`) : original.data,
      metadata: Buffer.from(JSON.stringify(metadata)),
    });
  }

  /** The parked revisions: the first, and the one that the next will get. */
  async range(): Promise<{ readonly first: number; readonly end: number }> {
    const state = await this.own.state(this.stream);
    if (state.last === NO_REVISION || state.last === TOMBSTONE_REVISION || softDeleted(state, this.stream)) {
      return { first: 0, end: 0 };
    }
    const end = state.last + 1;
    return { first: Math.min(firstReadable(state, this.stream), end), end };
  }

  async count(): Promise<number> {
    const { first, end } = await this.range();
    return end - first;
  }

  /** Parked links with revisions `from` to before `end`. */
  async page(from: number, end: number, limit: number): Promise<StoredEvent[]> {
    const state = await this.own.state(this.stream);
    const events = await this.reader.streamPage(this.stream, { from, to: end - 1, backwards: false }, limit);
    return events.filter((event) => !expired(state, this.stream, event));
  }

  /** Forgets what was parked before this revision. */
  truncateBefore(revision: number): Promise<void> {
    return this.own.setMetadata(this.stream, { $tb: revision });
  }
}
