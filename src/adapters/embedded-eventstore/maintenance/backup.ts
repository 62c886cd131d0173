/**
 * A store's events on their way into a backup. What is in the log never changes and positions have no gaps, so "all up to the
 * head" is consistent while a server goes on writing.
 */
import type { Client } from 'pg';
import type { ArchivedEvent } from '../../event-archive/archive.js';
import { checksumOf } from '../checksum.js';
import { COPY_COLUMNS, copyOutChecked } from '../copy-out.js';
import { page } from '../log-reader.js';
import { TOMBSTONE_REVISION, type StoredEvent } from '../stored-event.js';

const PAGE = 1_000;
/** 2^63 - 1, as it is on the wire and in Postgres. */
export const TOMBSTONE = 2n ** 63n - 1n;

/** What is read is not what was written: a backup of it would carry the damage on. */
export class DamagedStore extends Error {
  readonly code = 'EVENT_STORE_DAMAGED';
}

/**
 * All events up to a position, a page at a time.
 * @param onProgress told how many events were read since the last time
 * @throws DamagedStore naming the first place
 */
export async function* backupPages(
  client: Client,
  head: number,
  onProgress: (events: number) => void,
): AsyncGenerator<readonly ArchivedEvent[]> {
  for (let next = 1; next <= head;) {
    const where = `position BETWEEN ${BigInt(next)} AND ${BigInt(head)}`;
    const { events, checksums } = await copyOutChecked(
      client,
      page(where, 'position', false, String(PAGE), `${COPY_COLUMNS}, checksum`),
    );
    for (const [index, event] of events.entries()) {
      if (event.position !== next || checksumOf(event) !== checksums[index]) {
        throw new DamagedStore(`the event store is damaged at position ${next}: see \`teampulse eventstore verify\``);
      }
      next++;
    }
    if (events.length === 0) throw new DamagedStore(`the event store has no event at position ${next}, before its end`);
    yield events.map(asArchived);
    onProgress(events.length);
  }
}

const asArchived = (event: StoredEvent): ArchivedEvent => ({
  position: BigInt(event.position),
  stream: event.stream,
  revision: event.revision === TOMBSTONE_REVISION ? TOMBSTONE : BigInt(event.revision),
  id: event.id,
  type: event.type,
  isJson: event.isJson,
  recordedAt: event.recordedAt,
  data: event.data,
  metadata: event.metadata,
});
