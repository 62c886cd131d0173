/** A connection to a store's database for those who only look: a server may run on it, or not. */
import { Client } from 'pg';
import { SCHEMA_VERSION } from '../schema.js';

/** The store can't be looked at. `message` says what to do. */
export class NotAStore extends Error {
  readonly code = 'EVENT_STORE_NOT_FOUND';
}

const CONNECT_TIMEOUT_MS = 10_000;

/** @throws NotAStore when there is none, or one of another version */
export async function visitStore<T>(postgresUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: postgresUrl,
    application_name: 'teampulse eventstore maintenance',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that breaks fails the query that waits on it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await requireVersion(client);
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function requireVersion(client: Client): Promise<void> {
  const exists = await client.query<{ table: string | null }>(
    `SELECT to_regclass('eventstore.schema_version')::text AS "table"`,
  );
  if (exists.rows[0]?.table == null) {
    throw new NotAStore('there is no event store in this database: check the address, or start a server on it once');
  }
  const found = await client.query<{ version: number | null }>(
    'SELECT max(version) AS version FROM eventstore.schema_version',
  );
  const version = found.rows[0]?.version ?? 0;
  if (version === SCHEMA_VERSION) return;
  throw new NotAStore(
    version < SCHEMA_VERSION
      ? `the event store has schema version ${version}: start this version’s server on it once, which brings it to ${SCHEMA_VERSION}`
      : `the event store has schema version ${version}, this program knows ${SCHEMA_VERSION}: use a newer one`,
  );
}

/** The position of the last event; everything up to it is committed and never changes. */
export async function headOf(client: Client): Promise<number> {
  const found = await client.query<{ head: string | null }>('SELECT max(position) AS head FROM eventstore.event');
  return Number(found.rows[0]?.head ?? 0);
}
