/** What is in a store, and how much room it takes. */
import type { Client } from 'pg';
import { headOf } from './visit.js';

export interface StoreStats {
  readonly events: number;
  readonly streams: number;
  /** The position of the last event. */
  readonly head: number;
  /** ISO 8601; undefined when there are no events. */
  readonly firstRecordedAt: string | undefined;
  readonly lastRecordedAt: string | undefined;
  /** Bytes of the table and of its indexes, on disk. */
  readonly tableBytes: number;
  readonly indexBytes: number;
  /** Bytes of the events' data and metadata themselves. */
  readonly payloadBytes: number;
  /** Whether a server has the store open. */
  readonly served: boolean;
  readonly largestStreams: readonly Counted[];
  readonly commonestTypes: readonly Counted[];
}

export interface Counted {
  readonly name: string;
  readonly events: number;
  readonly payloadBytes: number;
}

const TOP = 10;

/** Reads the whole log once. */
export async function storeStats(client: Client): Promise<StoreStats> {
  const head = await headOf(client);
  const totals = await client.query<[string, string, string | null, string | null, string | null]>({
    rowMode: 'array',
    text: `SELECT count(*), count(DISTINCT stream), min(recorded_at), max(recorded_at),
                  sum(octet_length(data) + octet_length(metadata))
             FROM eventstore.event WHERE position <= $1`,
    values: [head],
  });
  const sizes = await client.query<[string, string, boolean]>({
    rowMode: 'array',
    // The writer's lock is the only advisory one that is taken in a store's database (writer-session.ts).
    text: `SELECT pg_table_size('eventstore.event'), pg_indexes_size('eventstore.event'),
                  EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
                           WHERE locktype = 'advisory' AND datname = current_database())`,
  });
  const [events = '0', streams = '0', first = null, last = null, payload = null] = totals.rows[0] ?? [];
  const [tableBytes = '0', indexBytes = '0', served = false] = sizes.rows[0] ?? [];
  return {
    events: Number(events),
    streams: Number(streams),
    head,
    firstRecordedAt: asIso(first),
    lastRecordedAt: asIso(last),
    tableBytes: Number(tableBytes),
    indexBytes: Number(indexBytes),
    payloadBytes: Number(payload ?? 0),
    served,
    largestStreams: await top(client, 'stream', head),
    commonestTypes: await top(client, 'type', head),
  };
}

const asIso = (milliseconds: string | null): string | undefined =>
  milliseconds === null ? undefined : new Date(Number(milliseconds)).toISOString();

async function top(client: Client, column: 'stream' | 'type', head: number): Promise<Counted[]> {
  const { rows } = await client.query<[string, string, string]>({
    rowMode: 'array',
    text: `SELECT ${column}, count(*), sum(octet_length(data) + octet_length(metadata)) FROM eventstore.event
            WHERE position <= $1 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${TOP}`,
    values: [head],
  });
  return rows.map(([name, events, payloadBytes]) => ({ name, events: Number(events), payloadBytes: Number(payloadBytes) })); // prettier-ignore
}
