/** Events from the log itself, by stream and revision: one read for each stream of a request. */
import { Injectable } from '@nestjs/common';
import { EventStore } from '../../commands/ports/event-store.port.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { BatchLoader } from '../shared/loader.js';

/** Reads at the same time: a page of a hundred events of a hundred things takes a few round trips, and leaves room for commands. */
const AT_ONCE = 16;

export const eventKey = (event: {
  readonly category: string;
  readonly thingId: string;
  readonly revision: number;
}): string => `${event.category}-${event.thingId}@${event.revision}`;

@Injectable()
export class LoggedEventLoader extends BatchLoader<RecordedEvent> {
  constructor(private readonly store: EventStore) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, RecordedEvent>> {
    const found = new Map<string, RecordedEvent>();
    const streams = [...firstRevisions(keys)];
    for (let start = 0; start < streams.length; start += AT_ONCE) {
      const reads = streams.slice(start, start + AT_ONCE).map(([name, from]) => this.store.readStream(name, from));
      for (const slice of await Promise.all(reads)) {
        for (const event of slice?.events ?? []) {
          // The index has only this workspace's streams; the log, which has all, is asked again.
          if (event.metadata.workspaceId === workspaceId) found.set(`${event.streamName}@${event.revision}`, event);
        }
      }
    }
    return found;
  }
}

/** The lowest wanted revision of each stream. */
function firstRevisions(keys: readonly string[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const key of keys) {
    const at = key.lastIndexOf('@');
    const stream = key.slice(0, at);
    first.set(stream, Math.min(first.get(stream) ?? Infinity, Number(key.slice(at + 1))));
  }
  return first;
}
