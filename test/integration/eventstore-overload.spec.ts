/** What the event store does when others misbehave: a Postgres that hangs, readers that never read, too many of them, and clients that vanish. */
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { EventStoreDBClient, END, jsonEvent } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { afterEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { startEmbeddedEventStore } from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import { ServerProcess, Workload, until } from '../support/durability.js';
import { createStoreDatabase, startTestEventStore } from '../support/event-store.js';
import { childrenOf } from '../support/teampulse-process.js';
import { breakableLine } from '../support/breakable-line.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function clientOf(connectionString: string): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(connectionString);
  cleanups.push(() => client.dispose());
  return client;
}

const event = (text = '') => jsonEvent({ type: 'happened', data: { text } });

/** Megabytes of memory that a process has. */
function memoryOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

async function failure(work: Promise<unknown>): Promise<{ readonly error: unknown; readonly ms: number }> {
  const started = Date.now();
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: Date.now() - started };
}

describe('a Postgres that hangs', () => {
  it('makes appends and reads fail in time, and when it goes on nothing acknowledged is lost', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'teampulse-hang-'));
    await chmod(folder, 0o755);
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startEmbeddedPostgres({ dataFolder: folder });
    cleanups.push(() => postgres.stop(1_000));
    const server = await startEmbeddedEventStore({ postgresUrl: postgres.url() });
    cleanups.push(() => server.stop());
    const workload = new Workload(server.connectionString);
    cleanups.push(() => workload.dispose());
    // In a connection of its own: what it is refused must not fail the workload's appends.
    const bare = clientOf(server.connectionString);
    const postmaster = Number(readFileSync(join(postgres.cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of [postmaster, ...childrenOf(postmaster).keys()]) process.kill(pid, name);
    };
    workload.start();
    // Both sides of the time after which the writer gives its connection up.
    for (const seconds of [0, 12]) {
      await workload.progress(50);
      signal('SIGSTOP');
      const stoppedAt = Date.now();
      try {
        const append = await failure(bare.appendToStream(`hang-${randomUUID()}`, event()));
        expect(append.error).toMatchObject({ type: 'deadline-exceeded' });
        expect(append.ms).toBeLessThan(4_000);
        const read = await failure(
          (async () => {
            for await (const _ of bare.readStream(`hang-${randomUUID()}`)) continue;
          })(),
        );
        expect(read.error).toMatchObject({ type: 'unavailable' });
        expect(read.ms).toBeLessThan(15_000);
        await until(() => Date.now() - stoppedAt > seconds * 1_000, 'it has hung for long enough');
      } finally {
        signal('SIGCONT');
      }
    }
    await workload.progress(50);
    await workload.check();
  }, 180_000);
});

describe('a reader that never reads', () => {
  it('costs the server no more memory than its window, and holds nobody up', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    const server = new ServerProcess(database.url);
    cleanups.push(() => server.kill());
    const connectionString = await server.start();
    const client = clientOf(connectionString);
    const { port } = new URL(connectionString.replace('esdb', 'http'));
    const readers = Array.from({ length: 5 }, () => {
      const reader = new streamsService.StreamsClient(`127.0.0.1:${port}`, credentials.createInsecure());
      const call = reader.read(subscribeToAll());
      call.on('error', () => undefined);
      // Flow control lets through what the sockets hold, and not a byte more.
      call.pause();
      cleanups.push(async () => {
        call.cancel();
        reader.close();
      });
      return call;
    });
    const text = 'x'.repeat(100_000);
    const write = async (events: number): Promise<void> => {
      for (let n = 0; n < events; n += 10) {
        await Promise.all(
          Array.from({ length: 10 }, () => client.appendToStream(`never-${randomUUID()}`, event(text))),
        );
      }
    };
    await write(300);
    const before = memoryOf(server.pid);
    // 60 MB more, of which five readers have read nothing: 300 MB, were it kept for them.
    await write(600);
    expect(memoryOf(server.pid) - before).toBeLessThan(120);
    expect(readers.every((call) => call.isPaused())).toBe(true);
  }, 120_000);
});

describe('a thousand subscribers', () => {
  it('all get everything once and in order, while clients write', async () => {
    const store = await startTestEventStore();
    cleanups.push(() => store.close());
    const writer = clientOf(store.connectionString);
    const streamName = `thousand-${randomUUID()}`;
    // A connection carries a hundred calls well.
    const clients = Array.from({ length: 10 }, (_, n) =>
      clientOf(`${store.connectionString}&keepAliveInterval=${20_000 + n}`),
    );
    const seen: number[][] = [];
    const subscriptions = clients.flatMap((client) =>
      Array.from({ length: 100 }, () => {
        const revisions: number[] = [];
        seen.push(revisions);
        const subscription = client.subscribeToStream(streamName, { fromRevision: END });
        subscription.on('data', ({ event: got }) => revisions.push(Number(got?.revision)));
        return new Promise((caughtUp) => subscription.once('caughtUp', caughtUp));
      }),
    );
    await Promise.all(subscriptions);
    const events = 20;
    for (let n = 0; n < events; n++) await writer.appendToStream(streamName, event());
    await until(() => seen.every((revisions) => revisions.length >= events), 'everybody has everything');
    const expected = Array.from({ length: events }, (_, n) => n);
    expect(seen.filter((revisions) => revisions.join() !== expected.join())).toEqual([]);
    expect(seen).toHaveLength(1_000);
  }, 120_000);
});

describe('clients that vanish', () => {
  it('leave nothing behind: neither their subscriptions nor their connections', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    const server = new ServerProcess(database.url);
    cleanups.push(() => server.kill());
    const connectionString = await server.start();
    const port = Number(new URL(connectionString.replace('esdb', 'http')).port);
    const stays = clientOf(connectionString);
    await stays.appendToStream('stays', event());
    const openFiles = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
    const before = openFiles();
    for (let round = 0; round < 3; round++) {
      const line = await breakableLine(port);
      const clients = Array.from({ length: 30 }, (_, n) =>
        // Clients of one address and the same settings share a connection.
        EventStoreDBClient.connectionString(`esdb://127.0.0.1:${line.port}?tls=false&keepAliveInterval=${20_000 + n}`),
      );
      const caughtUp = clients.map((client) => {
        const subscription = client.subscribeToAll({ fromPosition: END });
        subscription.on('error', () => undefined);
        subscription.on('data', () => undefined);
        return new Promise((resolve) => subscription.once('caughtUp', resolve));
      });
      await Promise.all(caughtUp);
      expect(openFiles()).toBeGreaterThan(before + 25);
      line.vanish();
      await Promise.all(clients.map((client) => client.dispose()));
    }
    await until(() => openFiles() <= before + 5, 'the server has let go of its connections');
    await stays.appendToStream('stays', event());
  }, 120_000);
});

function subscribeToAll(): InstanceType<typeof streams.ReadReq> {
  const options = new streams.ReadReq.Options();
  const all = new streams.ReadReq.Options.AllOptions();
  all.setStart(new shared.Empty());
  options.setAll(all);
  options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  options.setNoFilter(new shared.Empty());
  const uuid = new streams.ReadReq.Options.UUIDOption();
  // Encoded for each reader by itself; what is sent to all is shared, and would hide who keeps it.
  uuid.setStructured(new shared.Empty());
  options.setUuidOption(uuid);
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}
