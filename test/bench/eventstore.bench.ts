/**
 * How fast the embedded event store is through the real client: client here, server and Postgres in processes of their own,
 * with fsync; and beside it, on the same Postgres, the stores that other Node programs use. Every figure is the mean over the
 * whole period.
 *
 *   npm run bench:eventstore -- [--seconds 5] [--live-rate 5000]
 */
import { execFile, fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { END, EventStoreDBClient, START, excludeSystemEvents, jsonEvent, type EventData } from '@eventstore/db-client';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { labelCreated } from '../../src/domain/work/label.events.js';
import { eventCatalogue } from '../../src/domain/event-catalogue.js';
import { scratchFolder } from '../support/scratch-folder.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    // Appends a second whose delivery to a subscriber is timed.
    'live-rate': { type: 'string', default: '5000' },
  },
});
const seconds = Number(values.seconds);
const PEERS = path.resolve('test/bench/peers/stores.js');
/** The build, as it runs in production. */
const main = path.resolve('dist/cli/main.js');

/** What TeamPulse itself writes: a small event with its full metadata, about 450 bytes. */
const event = (): EventData =>
  jsonEvent({
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

interface Rate {
  readonly what: string;
  readonly perSecond: number;
  readonly count: number;
  readonly p95Ms?: number;
  /** Of appends, to hold the peers against. */
  readonly append?: Pick<PeerFigure, 'inFlight' | 'batch'>;
}

async function appends(client: EventStoreDBClient, inFlight: number, batch: number): Promise<Rate> {
  const until = performance.now() + seconds * 1000;
  const started = performance.now();
  const latencies: number[] = [];
  const writer = async (): Promise<void> => {
    while (performance.now() < until) {
      const from = performance.now();
      const events = Array.from({ length: batch }, event);
      await client.appendToStream(`bench-${randomUUID()}`, events, { expectedRevision: 'no_stream' });
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, writer));
  const perSecond = (latencies.length * batch * 1000) / (performance.now() - started);
  latencies.sort((a, b) => a - b);
  return {
    what: `append, ${batch === 1 ? 'single events' : `batches of ${batch}`}, ${inFlight} in flight`,
    perSecond,
    count: latencies.length * batch,
    p95Ms: latencies[Math.floor(latencies.length * 0.95)] ?? 0,
    append: { inFlight, batch },
  };
}

async function catchUpRaw(client: EventStoreDBClient): Promise<Rate> {
  const started = performance.now();
  let count = 0;
  const subscription = client.subscribeToAll({
    fromPosition: START,
    filter: excludeSystemEvents({ maxSearchWindow: 1000 }),
  });
  const caughtUp = new Promise<void>((resolve) => subscription.once('caughtUp', resolve));
  subscription.on('data', () => count++);
  await caughtUp;
  await subscription.unsubscribe();
  return {
    what: `$all catch-up, client, ${count} events`,
    perSecond: (count * 1000) / (performance.now() - started),
    count,
  };
}

async function catchUpDecoded(connectionString: string): Promise<Rate> {
  const adapter = new EventStoreDbAdapter(connectionString, eventCatalogue);
  const stop = new AbortController();
  const started = performance.now();
  let count = 0;
  for await (const items of adapter.subscribe({ signal: stop.signal })) {
    for (const item of items) if (item.kind === 'event') count++;
    if (items.some((item) => item.kind === 'caughtUp')) break;
  }
  const perSecond = (count * 1000) / (performance.now() - started);
  await adapter.dispose();
  return { what: `$all catch-up, adapter, decoded and checked`, perSecond, count };
}

async function streamReads(client: EventStoreDBClient): Promise<Rate> {
  const stream = `bench-${randomUUID()}`;
  await client.appendToStream(stream, Array.from({ length: 5 }, event));
  const started = performance.now();
  const until = started + seconds * 1000;
  let count = 0;
  const reader = async (): Promise<void> => {
    for (; performance.now() < until; count++) for await (const _ of client.readStream(stream)) continue;
  };
  await Promise.all(Array.from({ length: 16 }, reader));
  return {
    what: 'stream reads of 5 events, 16 in flight',
    perSecond: (count * 1000) / (performance.now() - started),
    count,
  };
}

/** From asking for the append to the subscriber's hands, at an even rate. */
async function liveDelivery(client: EventStoreDBClient, perSecond: number): Promise<Rate> {
  const sent = new Map<string, number>();
  const latencies: number[] = [];
  const subscription = client.subscribeToAll({ fromPosition: END, filter: excludeSystemEvents() });
  subscription.on('data', ({ event: come }) => {
    const from = come && sent.get(come.id);
    if (from !== undefined) latencies.push(performance.now() - from);
  });
  await new Promise<void>((resolve) => subscription.once('confirmation', resolve));
  const started = performance.now();
  const asked: Promise<unknown>[] = [];
  while (performance.now() - started < seconds * 1000) {
    const due = ((performance.now() - started) * perSecond) / 1000;
    while (asked.length < due) {
      const one = event();
      sent.set(one.id, performance.now());
      asked.push(client.appendToStream(`bench-${randomUUID()}`, one, { expectedRevision: 'no_stream' }));
    }
    await delay(1);
  }
  await Promise.all(asked);
  const elapsed = performance.now() - started;
  for (const end = performance.now() + 10_000; latencies.length < asked.length && performance.now() < end;)
    await delay(10);
  await subscription.unsubscribe();
  if (latencies.length !== asked.length)
    throw new Error(`${latencies.length} of ${asked.length} events were delivered`);
  latencies.sort((a, b) => a - b);
  return {
    what: `live delivery, ${perSecond}/s wanted`,
    perSecond: (asked.length * 1000) / elapsed,
    count: asked.length,
    p95Ms: latencies[Math.floor(latencies.length * 0.95)] ?? 0,
  };
}

interface PeerFigure {
  readonly inFlight: number;
  readonly batch: number;
  readonly perSecond: number;
}

/** In a process of its own, from a package of its own. */
async function measurePeer(name: string, postgresUrl: string): Promise<PeerFigure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PEERS, name, postgresUrl, String(seconds)]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PeerFigure);
}

function startServer(postgresUrl: string): Promise<{ child: ChildProcess; connectionString: string }> {
  const profile = process.env['BENCH_PROFILE'];
  const child = fork(main, ['eventstore', '--port', '0', '--postgres-url', postgresUrl], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (ready: { address: string }) => resolve({ child, connectionString: ready.address }));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

/**
 * Processor time used so far, in microseconds, by this process, the server, and Postgres. What one event costs says more
 * than a rate on a machine that does other things as well.
 */
function cpuMicros(serverPid: number, postgresCluster: string): [client: number, server: number, postgres: number] {
  const postmaster = Number(readFileSync(path.join(postgresCluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const backends = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]) === postmaster;
    } catch {
      return false;
    }
  });
  const { user, system } = process.cpuUsage();
  return [user + system, ticksOf(serverPid), backends.reduce((sum, pid) => sum + ticksOf(pid), 0)];
}

/** Ticks of 10 ms: fields 14 and 15 of proc(5), counted behind the name in parentheses; 16 and 17 are those of ended children. */
function ticksOf(pid: string | number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return [11, 12].reduce((sum, index) => sum + Number(fields[index]), 0) * 10_000;
  } catch {
    return 0;
  }
}

const folder = scratchFolder('bench');
const postgres = await startEmbeddedPostgres({ dataFolder: folder });
try {
  await ensureDatabases(postgres.url(), ['eventstore']);
  const { child, connectionString } = await startServer(postgres.url('eventstore'));
  const client = EventStoreDBClient.connectionString(connectionString);
  const ours: PeerFigure[] = [];
  const measure = async (run: () => Promise<Rate>): Promise<void> => {
    const before = cpuMicros(child.pid ?? 0, postgres.cluster);
    const { what, perSecond, p95Ms, count, append } = await run();
    if (append) ours.push({ ...append, perSecond });
    const after = cpuMicros(child.pid ?? 0, postgres.cluster);
    const cpu = after.map((micros, part) => ((micros - (before[part] ?? 0)) / count).toFixed(1)).join(' + ');
    const latency = p95Ms === undefined ? '' : `, p95 ${p95Ms.toFixed(1)} ms`;
    console.log(
      `${Math.round(perSecond).toLocaleString('en').padStart(9)}/s  ${what}${latency}; CPU µs each, client + server + Postgres: ${cpu}`,
    );
  };
  await appends(client, 64, 1); // warms up both sides
  await measure(() => appends(client, 1, 1));
  await measure(() => appends(client, 64, 1));
  await measure(() => appends(client, 256, 1));
  await measure(() => appends(client, 16, 100));
  await measure(() => streamReads(client));
  await measure(() => catchUpRaw(client));
  await measure(() => catchUpDecoded(connectionString));
  await measure(() => liveDelivery(client, Number(values['live-rate'])));
  await client.dispose();
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  for (const name of ['emmett', 'castore', 'message-db']) {
    await ensureDatabases(postgres.url(), [name]);
    for (const { inFlight, batch, perSecond } of await measurePeer(name, postgres.url(name))) {
      const own = ours.find((figure) => figure.inFlight === inFlight && figure.batch === batch);
      const ratio = own ? `; ours is ${(own.perSecond / perSecond).toFixed(2)} times that` : '';
      console.log(
        `${Math.round(perSecond).toLocaleString('en').padStart(9)}/s  ${name}: append, ${batch === 1 ? 'single events' : `batches of ${batch}`}, ${inFlight} in flight${ratio}`,
      );
    }
  }
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
