/** The publisher whole: the real log, its seat and checkpoint in Postgres, and what comes out at the other end. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { createLogger } from '../../src/adapters/logging/logger.js';
import { migrate } from '../../src/adapters/postgres/migrate.js';
import { NOTIFY_CHANNEL, type Notice } from '../../src/adapters/postgres/notify-bus.js';
import { PublisherSession } from '../../src/adapters/postgres/publisher-session.js';
import { runPublisher } from '../../src/cli/publisher.js';
import { eventCatalogue } from '../../src/domain/event-catalogue.js';
import { comparePositions } from '../../src/domain/shared/position.js';
import type { LogPosition } from '../../src/domain/shared/recorded-event.js';
import { createStoreDatabase, startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { metadataOf } from '../support/recorded-event.js';

const logger = createLogger({ name: 'test', level: 'silent' });

const at = (commit: bigint): LogPosition => ({ commit, prepare: commit });

describe('publishing the log without NATS', () => {
  let server: TestEventStore;
  let log: EventStoreDbAdapter;
  let database: Awaited<ReturnType<typeof createStoreDatabase>>;
  let listener: Client;
  let notices: Notice[] = [];
  const running: { stop: AbortController; ended: Promise<void> }[] = [];
  const workspaceId = randomUUID();

  beforeAll(async () => {
    server = await startTestEventStore();
    log = new EventStoreDbAdapter(server.connectionString, eventCatalogue);
    database = await createStoreDatabase();
    await migrate(database.url);
    listener = new Client({ connectionString: database.url });
    await listener.connect();
    await listener.query(`LISTEN ${NOTIFY_CHANNEL}`);
    listener.on('notification', ({ payload }) => void notices.push(JSON.parse(payload ?? '') as Notice));
  });
  afterEach(async () => {
    await stopAll();
    notices = [];
  });
  afterAll(async () => {
    await listener.end();
    await log.dispose();
    await server.close();
    await database.drop();
  });

  function start(): void {
    const stop = new AbortController();
    running.push({
      stop,
      ended: runPublisher({ databaseUrl: database.url, natsUrl: undefined, log, logger, signal: stop.signal }),
    });
  }
  async function stopAll(): Promise<void> {
    for (const { stop } of running) stop.abort();
    await Promise.all(running.splice(0).map(async ({ ended }) => ended));
  }

  /** Labels, each in a stream of its own. */
  async function write(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      await log.append(
        `label-${randomUUID()}`,
        [
          {
            id: randomUUID(),
            type: 'work.LabelCreated',
            data: { name: `label ${n}`, color: '#112233' },
            metadata: metadataOf(workspaceId),
          },
        ],
        'no_stream',
      );
    }
  }
  const arrived = async (count: number): Promise<unknown> =>
    vi.waitUntil(() => notices.length >= count, { timeout: 20_000, interval: 10 });

  it('tells of every event once, in order, with its place, workspace and type', async () => {
    await write(20);
    start();
    await arrived(20);
    await write(5);
    await arrived(25);
    expect(notices).toHaveLength(25);
    expect(notices[0]).toEqual({ position: notices[0]?.position, workspace: workspaceId, type: 'work.LabelCreated' });
    const commits = notices.map(({ position }) => Number(position.split('/')[0]));
    expect(commits).toEqual(commits.toSorted((a, b) => a - b));
    expect(new Set(commits).size).toBe(25);
  });

  it('goes on where it stopped', async () => {
    start();
    await write(3);
    await arrived(3);
    await stopAll();
    await write(4);
    start();
    await arrived(7);
    expect(notices).toHaveLength(7);
  });

  it('goes on after its connection was cut', async () => {
    start();
    await write(3);
    await arrived(3);
    await listener.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'teampulse-publisher' AND datname = current_database()`,
    );
    await write(4);
    await arrived(7);
    const positions = notices.map(({ position }) => position);
    // At least once: what was told and not yet stored is told again.
    expect(new Set(positions).size).toBe(7);
  });

  it('lets one publish at a time, and the next one take over', async () => {
    start();
    start();
    await write(3);
    await arrived(3);
    running[0]?.stop.abort();
    await write(4);
    await arrived(7);
    expect(notices).toHaveLength(7);
  });

  it('refuses to store a place when another publisher has stored one', async () => {
    const signal = new AbortController().signal;
    const session = await PublisherSession.open(database.url, 'test', signal);
    try {
      await session?.advance(undefined, at(5n));
      expect(comparePositions((await session?.read()) ?? at(0n), at(5n))).toBe(0);
      await expect(session?.advance(undefined, at(6n))).rejects.toThrow(/another process/);
      await expect(session?.advance(at(4n), at(6n))).rejects.toThrow(/another process/);
      await session?.advance(at(5n), at(6n));
    } finally {
      await session?.close();
    }
  });
});
