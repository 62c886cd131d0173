/** The examples as an integrator would run them: their own processes, killed in the middle again and again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AckPolicy, connect } from 'nats';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { createLogger } from '../../src/adapters/logging/logger.js';
import { STREAM } from '../../src/adapters/nats/jetstream-bus.js';
import { runPublisher } from '../../src/cli/publisher.js';
import { allEvents } from '../../src/capabilities.js';
import { formatPosition } from '../../src/domain/shared/position.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createStoreDatabase } from '../support/event-store.js';
import { hasNats, NatsServer } from '../support/nats.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { logOf } from '../support/log-of.js';
import { metadataOf } from '../support/recorded-event.js';

const KILLS = 5;

let api: TestApi;
let store: EventStoreDbAdapter;
let folder: string;
let running: ChildProcess | undefined;

beforeAll(async () => {
  folder = scratchFolder('examples');
  api = await startTestApi();
  store = new EventStoreDbAdapter(api.eventstoreUrl, allEvents);
}, 120_000);
afterEach(async () => kill());
afterAll(async () => {
  await store.dispose();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

let said = '';

function start(example: string, args: readonly string[], environment: Readonly<Record<string, string>>): void {
  const { PATH = '' } = process.env;
  const script = resolve('examples', example, 'consumer.mjs');
  running = spawn(process.execPath, [script, ...args], { env: { PATH, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.stderr?.on('data', (data: Buffer) => (said += data.toString()));
} // prettier-ignore

async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const child = running;
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Labels, each changed a few times, in streams that are written by turns, until told to stop. */
async function writeUntil(workspaceId: string, stopped: () => boolean): Promise<void> {
  while (!stopped()) {
    const streams = Array.from({ length: 5 }, () => `label-${randomUUID()}`);
    const data = { name: 'a', color: '#112233' };
    await Promise.all(
      streams.map((stream) => store.append(stream, [{ id: randomUUID(), type: 'work.LabelCreated', data, metadata: metadataOf(workspaceId) }], 'no_stream')),
    );
    for (let revision = 0; revision < 3; revision++) {
      const change = { from: { name: `${revision}` }, to: { name: `${revision + 1}` } };
      await Promise.all(
        streams.map((stream) => store.append(stream, [{ id: randomUUID(), type: 'work.LabelChanged', data: change, metadata: metadataOf(workspaceId) }], revision)),
      );
    }
  }
} // prettier-ignore

/** Starts and kills it while others write, each time after it has got somewhere; then lets it come to the end of the log. */
async function throughKills(workspaceId: string, launch: () => void, progress: () => Promise<number>): Promise<RecordedEvent[]> {
  let stopped = false;
  const writing = writeUntil(workspaceId, () => stopped);
  try {
    for (let n = 0; n < KILLS; n++) {
      const before = await progress();
      launch();
      await vi.waitUntil(async () => (await progress()) > before + 20, { timeout: 60_000, interval: 5 });
      await kill();
    }
  } catch (cause) {
    throw new Error(`it got nowhere; it said: ${said}`, { cause });
  } finally {
    stopped = true;
    await writing;
  }
  const events = await logOf(store, workspaceId);
  launch();
  await vi.waitUntil(async () => (await progress()) >= events.length, { timeout: 60_000, interval: 50 });
  return events;
} // prettier-ignore

describe.runIf(hasNats())('the durable consumer of JetStream', () => {
  const workspaceId = randomUUID();
  const passwords = { PUBLISHER_PASSWORD: randomUUID(), BILLING_PASSWORD: randomUUID() };
  // The server is set up as the documentation says, for this workspace.
  const [, permissions = ''] =
    /```\n(authorization \{[^`]+)```/.exec(readFileSync('docs/integrations.md', 'utf8')) ?? [];
  const nats = new NatsServer(permissions.replaceAll('0190…', workspaceId), passwords);
  const stop = new AbortController();
  let publishing: Promise<void>;
  let database: Awaited<ReturnType<typeof createStoreDatabase>>;
  let client: Client;

  beforeAll(async () => {
    await nats.start();
    database = await createStoreDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    const logger = createLogger({ name: 'test', level: 'silent' });
    publishing = runPublisher({ databaseUrl: api.database.url, natsUrl: nats.url.replace('//', `//teampulse:${passwords.PUBLISHER_PASSWORD}@`), log: store, logger, signal: stop.signal });
  }, 60_000); // prettier-ignore
  afterAll(async () => {
    stop.abort();
    await publishing;
    await client.end();
    await Promise.all([database.drop(), nats.stop()]);
  });

  const counted = async (): Promise<number> => {
    const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('activity') IS NOT NULL AS there`);
    if (!rows[0]?.there) return 0;
    return Number((await client.query<{ n: string }>('SELECT coalesce(sum(events), 0) AS n FROM activity')).rows[0]?.n);
  };

  it('counts every event once, though it is killed again and again', async () => {
    const environment = {
      NATS_URL: nats.url,
      NATS_USER: 'billing',
      NATS_PASSWORD: passwords.BILLING_PASSWORD,
      DURABLE: 'billing',
      DATABASE_URL: database.url,
      WORKSPACE: workspaceId,
      // What a killed one had not acknowledged comes again after this.
      ACK_WAIT_MS: '1000',
    };
    const events = await throughKills(workspaceId, () => start('jetstream-consumer', [], environment), counted);

    const byType = new Map<string, number>();
    for (const { type } of events) byType.set(type, (byType.get(type) ?? 0) + 1);
    const activity = await client.query<{ type: string; events: string }>('SELECT type, events FROM activity');
    expect(new Map(activity.rows.map((row) => [row.type, Number(row.events)]))).toEqual(byType);
    const last = new Map(events.map(({ streamName, revision }) => [streamName, revision]));
    const things = await client.query<{ stream: string; revision: number }>('SELECT stream, revision FROM thing');
    expect(new Map(things.rows.map(({ stream, revision }) => [stream, revision]))).toEqual(last);
  }, 240_000);

  it('may see no other workspace with its login', async () => {
    const connection = await connect({
      servers: nats.url,
      user: 'billing',
      pass: passwords.BILLING_PASSWORD,
      inboxPrefix: '_INBOX_billing',
      timeout: 2_000,
    });
    try {
      const { consumers, streams } = await connection.jetstreamManager({ checkAPI: false });
      const durable = { durable_name: 'billing', ack_policy: AckPolicy.Explicit };
      const denied = /permissions violation|503|timeout/i;
      await expect(
        consumers.add(STREAM, { ...durable, filter_subject: `teampulse.${randomUUID()}.>` }),
      ).rejects.toThrow(denied);
      await expect(consumers.add(STREAM, { ...durable, filter_subject: 'teampulse.>' })).rejects.toThrow(denied);
      await expect(consumers.add(STREAM, durable)).rejects.toThrow(denied);
      await expect(streams.info(STREAM)).rejects.toThrow(denied);
      const own = await consumers.info(STREAM, 'billing');
      expect(own.config.filter_subject).toBe(`teampulse.${workspaceId}.>`);
    } finally {
      await connection.close();
    }
  });
});

describe('the consumer of the GraphQL subscription', () => {
  it('writes every event once and in order, though it is killed again and again', async () => {
    const workspaceId = await api.createWorkspace();
    const file = join(folder, 'events.jsonl');
    const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
    const environment = { TEAMPULSE_URL: api.url, TOKEN: await api.token(workspaceId) };
    const launch = (): void => {
      // As if it had been killed in the middle of a line.
      if (lines().length > 0) writeFileSync(file, '{"cursor":"99999/9', { flag: 'a' });
      start('graphql-subscription', [file], environment);
    };
    const events = await throughKills(workspaceId, launch, async () => lines().length);
    await kill('SIGTERM');
    const written = lines().map((line) => JSON.parse(line) as { cursor: string; data: unknown });
    expect(written.map(({ cursor }) => cursor)).toEqual(events.map(({ position }) => formatPosition(position)));
    expect(written.map(({ data }) => data)).toEqual(events.map(({ data }) => data));
  }, 240_000);

  it('ends with the reason when it is refused', async () => {
    start('graphql-subscription', [join(folder, 'none.jsonl')], { TEAMPULSE_URL: api.url, TOKEN: 'nonsense' });
    const [code] = running ? await once(running, 'exit') : [];
    expect(code).toBe(1);
    expect(said).toContain('refused: ');
    const token = await api.token(await api.createWorkspace());
    start('graphql-subscription', [join(folder, 'none.jsonl'), 'work.Nothing'], {
      TEAMPULSE_URL: api.url,
      TOKEN: token,
    });
    expect(running ? await once(running, 'exit') : []).toEqual([1, null]);
    expect(said).toContain('There is no event type work.Nothing');
  });
});
