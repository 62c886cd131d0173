/**
 * How fast the embedded event store is: client here, server and Postgres in processes of their own, with fsync; beside it
 * a server that does nothing, which shows what client and gRPC cost by themselves, and on the same Postgres the stores that
 * other Node programs use. Every figure is the mean over the whole period, after as long a run to warm up.
 *
 *   npm run bench:eventstore -- [--seconds 5] [--live-rate 5000] [--only append] [--no-peers]
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import {
  EventStoreDBClient,
  START,
  excludeSystemEvents,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
} from '@eventstore/db-client';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import { eventCatalogue } from '../../src/domain/event-catalogue.js';
import { labelCreated } from '../../src/domain/work/label.events.js';
import { scratchFolder } from '../support/scratch-folder.js';
import {
  processorTime,
  residentMiB,
  startNothing,
  startStore,
  timeEach,
  type StoreProcess,
} from './eventstore/processes.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    // Appends a second whose delivery to a subscriber is timed.
    'live-rate': { type: 'string', default: '5000' },
    // Only what has this in its name.
    only: { type: 'string', default: '' },
    'no-peers': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
/** Events; more would say nothing more. */
const MAX_CATCH_UP = 200_000;
const PEERS = path.resolve('test/bench/peers/stores.js');

/** What TeamPulse itself writes: a small event with its full metadata, about 450 bytes. */
const newEvent = (): NewEvent => ({
  id: randomUUID(),
  type: labelCreated.type,
  data: { name: 'urgent', color: '#cc0000' },
  metadata: {
    workspaceId: '0190f6f0-0000-7000-8000-000000000001',
    actor: { kind: 'user', id: 'ann' },
    commandId: randomUUID(),
    $correlationId: randomUUID(),
    $causationId: randomUUID(),
    schemaVersion: 1,
    occurredAt: '2026-03-01T09:00:00.000Z',
  },
});
const newEvents = (count: number): NewEvent[] => Array.from({ length: count }, newEvent);
const newStream = (): string => `bench-${randomUUID()}`;

/** TeamPulse's own adapter, which checks every event, or the client package by itself. */
interface Writer {
  readonly name: string;
  append(stream: string, events: readonly NewEvent[]): Promise<unknown>;
  read(stream: string): Promise<unknown>;
  /** Everything up to the end, or MAX_CATCH_UP events. */
  catchUp(): Promise<number>;
}

function adapterWriter(connectionString: string): Writer & { dispose(): Promise<void> } {
  const adapter = new EventStoreDbAdapter(connectionString, eventCatalogue);
  return {
    name: 'adapter',
    append: async (stream, events) => adapter.append(stream, events, 'no_stream'),
    read: async (stream) => adapter.readStream(stream),
    catchUp: async () => {
      let count = 0;
      const { signal } = new AbortController();
      for await (const items of adapter.subscribe({ signal })) {
        for (const item of items) if (item.kind === 'event') count++;
        if (count >= MAX_CATCH_UP || items.some((item) => item.kind === 'caughtUp')) break;
      }
      return count;
    },
    dispose: async () => adapter.dispose(),
  };
}

const clientWriter = (client: EventStoreDBClient): Writer => ({
  name: 'client package',
  append: async (stream, events) => {
    const proposed = events.map(({ id, type, data, metadata }) =>
      jsonEvent({ id, type, data: data as Record<string, unknown>, metadata: { ...metadata } }),
    );
    await client.appendToStream(stream, proposed, { expectedRevision: 'no_stream' });
  },
  read: async (stream) => {
    for await (const _ of client.readStream(stream)) continue;
  },
  catchUp: async () => {
    let count = 0;
    const subscription = client.subscribeToAll({
      fromPosition: START,
      filter: excludeSystemEvents({ maxSearchWindow: 1000 }),
    });
    await new Promise<void>((resolve) => {
      subscription.once('caughtUp', resolve);
      subscription.on('data', () => {
        if (++count === MAX_CATCH_UP) resolve();
      });
    });
    await subscription.unsubscribe();
    return count;
  },
});

interface Rate {
  readonly count: number;
  readonly perSecond: number;
  readonly latencies?: readonly number[];
}

/** `run` over and over, `inFlight` at a time; each counts for `weight`. */
async function repeated(inFlight: number, weight: number, run: () => Promise<unknown>): Promise<Rate> {
  const started = performance.now();
  const until = started + seconds * 1000;
  const latencies: number[] = [];
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      const from = performance.now();
      await run();
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const count = latencies.length * weight;
  return { count, perSecond: (count * 1000) / (performance.now() - started), latencies };
}

async function timed(run: () => Promise<number>): Promise<Rate> {
  const started = performance.now();
  const count = await run();
  return { count, perSecond: (count * 1000) / (performance.now() - started) };
}

/** From asking for the append to the subscriber's hands, at an even rate. */
async function liveDelivery(connectionString: string, perSecond: number): Promise<Rate> {
  const adapter = new EventStoreDbAdapter(connectionString, eventCatalogue);
  const sent = new Map<string, number>();
  const latencies: number[] = [];
  const stop = new AbortController();
  const after = await adapter.head();
  const { promise: isLive, resolve: live } = withResolvers();
  const following = (async () => {
    for await (const items of adapter.subscribe({ after, signal: stop.signal })) {
      for (const item of items) {
        if (item.kind === 'caughtUp') live();
        const from = item.kind === 'event' && sent.get(item.event.id);
        if (typeof from === 'number') latencies.push(performance.now() - from);
      }
    }
  })();
  await isLive;
  const started = performance.now();
  const asked: Promise<unknown>[] = [];
  while (performance.now() - started < seconds * 1000) {
    const due = ((performance.now() - started) * perSecond) / 1000;
    while (asked.length < due) {
      const one = newEvent();
      sent.set(one.id, performance.now());
      asked.push(adapter.append(newStream(), [one], 'no_stream'));
    }
    await delay(1);
  }
  await Promise.all(asked);
  const elapsed = performance.now() - started;
  for (const end = performance.now() + 10_000; latencies.length < asked.length && performance.now() < end;) await delay(10); // prettier-ignore
  stop.abort();
  await following;
  await adapter.dispose();
  if (latencies.length !== asked.length) throw new Error(`${latencies.length} of ${asked.length} events were delivered`); // prettier-ignore
  return { count: asked.length, perSecond: (asked.length * 1000) / elapsed, latencies };
}

/** As Promise.withResolvers(), which Node 20 does not have. */
function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve?.() };
}

/** One consumer that acknowledges everything, from the log's beginning. */
async function persistentSubscription(client: EventStoreDBClient): Promise<Rate> {
  const group = randomUUID();
  const settings = persistentSubscriptionToAllSettingsFromDefaults({
    startFrom: START,
    readBatchSize: 200,
    historyBufferSize: 1_000,
  });
  await client.createPersistentSubscriptionToAll(group, settings, { filter: excludeSystemEvents() });
  const subscription = client.subscribeToPersistentSubscriptionToAll(group, { bufferSize: 200 });
  let count = 0;
  let started = 0;
  await new Promise<void>((resolve) => {
    subscription.on('data', (event) => {
      started ||= performance.now();
      count++;
      void subscription.ack(event);
      if (performance.now() - started > seconds * 1000) resolve();
    });
  });
  const elapsed = performance.now() - started;
  await subscription.unsubscribe();
  await client.deletePersistentSubscriptionToAll(group);
  return { count, perSecond: (count * 1000) / elapsed };
}

interface PeerFigure {
  readonly inFlight: number;
  readonly batch: number;
  readonly perSecond: number;
}

/** In a process of its own, from a package of its own. Where Postgres is goes by the environment: it has a password in it. */
async function measurePeer(name: string, postgresUrl: string): Promise<PeerFigure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PEERS, name, String(seconds)], {
    env: { ...process.env, BENCH_POSTGRES_URL: postgresUrl },
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PeerFigure);
}

const shape = (inFlight: number, batch: number): string =>
  `append, ${batch === 1 ? 'single events' : `batches of ${batch}`}, ${inFlight} in flight`;
const thousands = (perSecond: number): string => `${Math.round(perSecond).toLocaleString('en').padStart(9)}/s`;
const SHAPES = [
  [1, 1],
  [64, 1],
  [256, 1],
  [16, 100],
] as const;

const folder = scratchFolder('bench');
const postgres = await startEmbeddedPostgres({ dataFolder: folder });
const ours: PeerFigure[] = [];

/** @returns undefined when it was not asked for */
async function measure(
  server: StoreProcess,
  what: string,
  run: () => Promise<Rate>,
  warmUp = true,
): Promise<Rate | undefined> {
  if (!what.includes(values.only)) return undefined;
  if (warmUp) await run();
  const before = processorTime(server, postgres.cluster);
  const rate = await run();
  const after = processorTime(server, postgres.cluster);
  const sorted = rate.latencies?.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted?.[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const latency = sorted ? `, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms` : '';
  console.log(
    `${thousands(rate.perSecond)}  ${what}${latency}; CPU µs each, client + server + Postgres: ${timeEach(before, after, rate.count)}`,
  );
  return rate;
}

async function measureAppendsAndReads(server: StoreProcess, writer: Writer, label: string): Promise<void> {
  for (const [inFlight, batch] of SHAPES) {
    const run = (): Promise<Rate> =>
      repeated(inFlight, batch, async () => writer.append(newStream(), newEvents(batch)));
    const rate = await measure(server, `${label}: ${shape(inFlight, batch)}`, run);
    if (rate && label === 'store, adapter') ours.push({ inFlight, batch, perSecond: rate.perSecond });
  }
  const stream = newStream();
  await writer.append(stream, newEvents(5));
  const read = async (): Promise<Rate> => repeated(16, 1, async () => writer.read(stream));
  await measure(server, `${label}: reads of a stream of 5 events, 16 in flight`, read);
}

async function measureServer(server: StoreProcess, name: string): Promise<void> {
  const client = EventStoreDBClient.connectionString(server.connectionString);
  const adapter = adapterWriter(server.connectionString);
  for (const writer of [adapter, clientWriter(client)]) {
    const label = `${name}, ${writer.name}`;
    await measureAppendsAndReads(server, writer, label);
    if (name === 'store')
      await measure(server, `${label}: $all catch-up`, async () => timed(async () => writer.catchUp()));
  }
  if (name === 'store') {
    const rate = Number(values['live-rate']);
    const live = async (): Promise<Rate> => liveDelivery(server.connectionString, rate);
    await measure(server, `store, adapter: live delivery, ${rate}/s wanted`, live, false);
    const consume = async (): Promise<Rate> => persistentSubscription(client);
    await measure(server, 'store, client package: persistent subscription, one consumer', consume, false);
    const { now, peak } = residentMiB(server.pid);
    console.log(`the store's memory: ${now} MiB, ${peak} MiB at its highest`);
  }
  await client.dispose();
  await adapter.dispose();
}

try {
  await ensureDatabases(postgres.url(), ['eventstore']);
  const nothing = await startNothing();
  await measureServer(nothing, 'nothing');
  await nothing.stop();
  const store = await startStore(postgres.url('eventstore'));
  await measureServer(store, 'store');
  await store.stop();
  for (const name of values['no-peers'] ? [] : ['emmett', 'castore', 'message-db']) {
    await ensureDatabases(postgres.url(), [name]);
    for (const { inFlight, batch, perSecond } of await measurePeer(name, postgres.url(name))) {
      const own = ours.find((figure) => figure.inFlight === inFlight && figure.batch === batch);
      const ratio = own ? `; ours is ${(own.perSecond / perSecond).toFixed(2)} times that` : '';
      console.log(`${thousands(perSecond)}  ${name}: ${shape(inFlight, batch)}${ratio}`);
    }
  }
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
