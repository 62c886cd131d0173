/** A store that was started anew, and so has nothing in memory: it takes for new what a writer says is new, and looks. */
import { randomUUID } from 'node:crypto';
import {
  EventStoreDBClient,
  StreamDeletedError,
  WrongExpectedVersionError,
  jsonEvent,
  type AppendResult,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startEmbeddedEventStore,
  type EmbeddedEventStore,
} from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import { createStoreDatabase } from '../support/event-store.js';

let database: Awaited<ReturnType<typeof createStoreDatabase>>;
let server: EmbeddedEventStore;
let client: EventStoreDBClient;
beforeAll(async () => {
  database = await createStoreDatabase();
  await start();
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
  await database.drop();
});

async function start(): Promise<void> {
  server = await startEmbeddedEventStore({ postgresUrl: database.url });
  client = EventStoreDBClient.connectionString(server.connectionString);
}
async function restart(): Promise<void> {
  await client.dispose();
  await server.stop();
  await start();
}

const event = () => jsonEvent({ id: randomUUID(), type: 'test.Happened', data: {} });
const newStream = () => `thing-${randomUUID()}`;
const create = async (stream: string, events = [event()]): Promise<AppendResult> =>
  client.appendToStream(stream, events, { expectedRevision: 'no_stream' });
const refused = async (append: Promise<unknown>): Promise<unknown> => append.catch((error: unknown) => error);

describe('after a restart, a write that expects no stream', () => {
  it('is refused where there is one, and its neighbours of the same moment are written', async () => {
    const stream = newStream();
    await create(stream, [event(), event()]);
    await restart();
    const others = Array.from({ length: 20 }, newStream);
    const [refusal, ...written] = await Promise.all([
      refused(create(stream)),
      ...others.map(async (other) => create(other)),
    ]);
    expect(refusal).toBeInstanceOf(WrongExpectedVersionError);
    expect(refusal).toMatchObject({ actualVersion: 1n });
    expect(written.map(({ nextExpectedRevision }) => nextExpectedRevision)).toEqual(others.map(() => 0n));
    expect(new Set(written.map(({ position }) => position?.commit)).size).toBe(others.length);
  });

  it('gives the first outcome for the same events again', async () => {
    const stream = newStream();
    const events = [event(), event()];
    const first = await create(stream, events);
    await restart();
    expect(await create(stream, events)).toEqual(first);
  });

  it('of no events is refused where there is a stream', async () => {
    const [stream, none] = [newStream(), newStream()];
    await create(stream);
    await restart();
    expect(await refused(create(stream, []))).toBeInstanceOf(WrongExpectedVersionError);
    expect(await create(none, [])).toMatchObject({ success: true });
  });

  it('goes on behind a deleted stream’s last revision, and is refused behind a tombstone', async () => {
    const [deleted, buried] = [newStream(), newStream()];
    for (const stream of [deleted, buried]) await create(stream, [event(), event()]);
    await client.deleteStream(deleted);
    await client.tombstoneStream(buried);
    await restart();
    expect(await create(deleted)).toMatchObject({ nextExpectedRevision: 2n });
    expect(await refused(create(buried))).toBeInstanceOf(StreamDeletedError);
  });

  it('keeps to the metadata that a stream got before its first event', async () => {
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 1 });
    await restart();
    await create(stream, [event(), event()]);
    const revisions: bigint[] = [];
    for await (const { event: read } of client.readStream(stream)) if (read) revisions.push(read.revision);
    expect(revisions).toEqual([1n]);
  });
});
