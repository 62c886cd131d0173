/**
 * An archive's events into an empty store, with everything that is theirs: ids, order, revisions, metadata, times and
 * positions. In one transaction, so the store is restored whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { ArchivedEvent } from '../../event-archive/archive.js';
import { bigintArray } from '../binary-array.js';
import type { StoreLog } from '../store-log.js';
import { TOMBSTONE_REVISION, type StoredEvent } from '../stored-event.js';
import { noteReached } from '../reached.js';
import { freshStoreEvents } from '../system-streams.js';
import { WriterSession } from '../writer-session.js';
import { TOMBSTONE } from './backup.js';
import { revisionDamages } from './verify.js';
import { eventColumns } from '../event-columns.js';

/** The store has events that a restore would be mixed with. */
export class StoreNotEmpty extends Error {
  readonly code = 'EVENT_STORE_NOT_EMPTY';
}

/** What is in the archive is no log that a store could have. */
export class NotALog extends Error {
  readonly code = 'ARCHIVE_NOT_A_LOG';
}

export interface RestoreOptions {
  /** Gives events new positions, in their order: for what comes from a server whose positions have gaps. */
  readonly renumber: boolean;
  readonly log: StoreLog;
}

const MAX_BATCH_EVENTS = 1_000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Into a store that is empty, or holds only what a fresh one writes by itself. No server runs on the store meanwhile.
 * @returns the number of events
 * @throws StoreInUse, StoreNotEmpty, NotALog, and what `events` throws; the store is then as it was
 */
export async function restoreStore(
  postgresUrl: string,
  events: AsyncIterable<ArchivedEvent>,
  { renumber, log }: RestoreOptions,
): Promise<number> {
  let restored = 0;
  const session = new WriterSession(postgresUrl, log, async (client) => {
    await client.query('BEGIN');
    await clear(client);
    for await (const batch of inBatches(events)) {
      for (const { position, stream, revision } of batch) {
        restored++;
        if (renumber || position === BigInt(restored)) continue;
        throw new NotALog(`position ${restored} is missing: the next event is ${stream}@${revision} at ${position}`);
      }
      await insert(client, batch.map((event, index) => asStored(event, restored - batch.length + index + 1))); // prettier-ignore
    }
    const [damage] = await revisionDamages(client, restored);
    if (damage) {
      throw new NotALog(`${damage.message}: such a log can be imported through a server, with --renumber, but not restored`); // prettier-ignore
    }
    await noteReached(client);
    await client.query('COMMIT');
    await client.query('ANALYZE eventstore.event');
  });
  try {
    await session.open();
  } finally {
    await session.close();
  }
  return restored;
}

async function* inBatches(events: AsyncIterable<ArchivedEvent>): AsyncGenerator<ArchivedEvent[]> {
  let batch: ArchivedEvent[] = [];
  let bytes = 0;
  for await (const event of events) {
    batch.push(event);
    bytes += event.data.length + event.metadata.length;
    if (batch.length < MAX_BATCH_EVENTS && bytes < MAX_BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

const asStored = (event: ArchivedEvent, position: number): StoredEvent => ({
  ...event,
  position,
  revision: event.revision === TOMBSTONE ? TOMBSTONE_REVISION : Number(event.revision),
});

/** What a fresh store has written by itself goes; anything else stays, and the restore does not begin. */
async function clear(client: ClientBase): Promise<void> {
  const own = freshStoreEvents(randomUUID).map(({ stream }) => stream);
  const { rowCount } = await client.query(
    'SELECT FROM eventstore.event WHERE stream <> ALL($1::text[]) LIMIT 1',
    [own], // prettier-ignore
  );
  if (rowCount !== 0) {
    throw new StoreNotEmpty('the event store has events already: restore into an empty one, with another --data or --postgres-url'); // prettier-ignore
  }
  await client.query('DELETE FROM eventstore.event');
  await client.query('DELETE FROM eventstore.reached');
}

async function insert(client: ClientBase, events: readonly StoredEvent[]): Promise<void> {
  await client.query({
    name: 'restore',
    text: `INSERT INTO eventstore.event (position, recorded_at, stream, revision, id, type, is_json, data, metadata, checksum)
           SELECT position, recorded_at, stream, revision, id, type, is_json, data, metadata, checksum::integer
             FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::bool[], $8::bytea[],
                         $9::bytea[], $10::bigint[])
                  AS e (position, recorded_at, stream, revision, id, type, is_json, data, metadata, checksum)`,
    values: [
      bigintArray(events.map((event) => event.position)),
      bigintArray(events.map((event) => event.recordedAt)),
      ...eventColumns(events),
    ],
  });
}
