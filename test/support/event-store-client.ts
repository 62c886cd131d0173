/**
 * A fresh event store and a client of it for a spec file: importing this starts both before its tests and ends both after
 * them. Vitest gives every spec file modules of its own, so no two files share a store.
 */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll } from 'vitest';
import { startTestEventStore, type TestEventStore } from './event-store.js';

export let store: TestEventStore;
export let client: EventStoreDBClient;

beforeAll(async () => {
  store = await startTestEventStore();
  client = EventStoreDBClient.connectionString(store.connectionString);
});
afterAll(async () => {
  await client.dispose();
  await store.close();
});

/** A stream's name that nothing else has. */
export const newStream = (): string => `thing-${randomUUID()}`;

/** All that a read gives. */
export async function collect<T>(read: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of read) all.push(item);
  return all;
}
