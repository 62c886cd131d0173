/** An event store for a test: the real server in this process, on a fresh database of the run's Postgres. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import {
  startEmbeddedEventStore,
  type EmbeddedEventStoreOptions,
} from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';

export interface TestEventStore {
  readonly connectionString: string;
  readonly port: number;
  /** The store's own database. */
  readonly postgresUrl: string;
  /** Stops the server and drops its database. Dispose the clients first: it cuts off those that are still there. */
  close(): Promise<void>;
}

export async function startTestEventStore(options: Partial<EmbeddedEventStoreOptions> = {}): Promise<TestEventStore> {
  const database = await createStoreDatabase();
  const server = await startEmbeddedEventStore({ ...options, postgresUrl: database.url });
  return {
    connectionString: server.connectionString,
    port: server.port,
    postgresUrl: database.url,
    close: async () => {
      await server.stop();
      await database.drop();
    },
  };
}

/** An empty database for an event store. */
export async function createStoreDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const admin = inject('postgresUrl');
  const name = `eventstore_${randomUUID().replaceAll('-', '')}`;
  await run(admin, `CREATE DATABASE ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
