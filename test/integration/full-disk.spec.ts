/** What the event store owes when the disk under its Postgres is full: clear refusals, nothing by halves, and on when there is room. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { v4 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  startEmbeddedEventStore,
  type EmbeddedEventStore,
} from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { scratchFolder } from '../support/scratch-folder.js';

const happened = defineEvent('fault.Happened', z.object({ n: z.int(), text: z.string() }));
const workspaceId = v4();
const newEvent = (n: number): NewEvent => ({
  id: v4(),
  type: happened.type,
  // Not to be compressed, and larger than a page.
  data: { n, text: Array.from({ length: 300 }, () => v4()).join() },
  metadata: {
    workspaceId,
    actor: { kind: 'system', id: 'test' },
    commandId: v4(),
    $correlationId: v4(),
    $causationId: v4(),
    schemaVersion: 1,
    occurredAt: '2026-03-01T09:00:00.000Z',
  },
});

/** A disk of its own, in memory; undefined, with a line that says why, where this process may not mount one. */
function smallDisk(): string | undefined {
  const folder = scratchFolder('disk');
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', folder], { stdio: 'ignore' });
  if (status === 0) return folder;
  rmSync(folder, { recursive: true });
  console.log('This process may not mount a small disk (root may): the tests of a full disk are skipped.');
  return undefined;
}

/** Takes all the room that is left. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (let size = 1_048_576; size >= 512; size /= 2) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(size));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
  } finally {
    closeSync(handle);
  }
}

const disk = smallDisk();

describe.skipIf(disk === undefined)('a full disk under the event store', () => {
  const folder = disk ?? '';
  const filler = join(folder, 'filler');
  const messages: string[] = [];
  const logged = (about: object, message: string): void =>
    void messages.push(`${message} ${'err' in about ? String(about.err) : ''}`);
  let postgres: EmbeddedPostgres;
  let server: EmbeddedEventStore;
  let store: EventStoreDbAdapter;
  let client: EventStoreDBClient;
  /** Ids of the events that were acknowledged, by stream. */
  const acknowledged = new Map<string, readonly string[]>();

  beforeAll(async () => {
    postgres = await startEmbeddedPostgres({
      dataFolder: join(folder, 'postgres'),
      settings: { max_wal_size: '32MB', min_wal_size: '32MB', shared_buffers: '16MB' },
    });
    await ensureDatabases(postgres.url(), ['eventstore']);
    const log = { info: logged, warn: logged, error: logged, debug: logged };
    server = await startEmbeddedEventStore({ postgresUrl: postgres.url('eventstore'), log });
    store = new EventStoreDbAdapter(server.connectionString, [happened]);
    client = EventStoreDBClient.connectionString(server.connectionString);
    for (let n = 0; n < 10; n += 1) await write();
  }, 60_000);
  afterAll(async () => {
    rmSync(filler, { force: true });
    await client.dispose();
    await store.dispose();
    await server.stop();
    await postgres.stop();
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  /** Two events in one append, acknowledged or not. */
  async function write(): Promise<void> {
    const stream = `fault-${v4()}`;
    const events = [newEvent(1), newEvent(2)];
    await store.append(stream, events, 'no_stream');
    acknowledged.set(stream, events.map(({ id }) => id)); // prettier-ignore
  }

  async function logOf(): Promise<Map<string, string[]>> {
    const stop = new AbortController();
    const found = new Map<string, string[]>();
    const add = ({ streamName, id }: RecordedEvent): void =>
      void found.set(streamName, [...(found.get(streamName) ?? []), id]);
    for await (const items of store.subscribe({ signal: stop.signal })) {
      for (const item of items) {
        if (item.kind === 'event') add(item.event);
        if (item.kind === 'caughtUp') stop.abort();
      }
    }
    return found;
  }

  it('has appends refused at once and in clear words, and written when there is room again', async () => {
    fill(filler);
    const refused = `fault-${v4()}`;
    const before = performance.now();
    const error: unknown = await client
      .appendToStream(
        refused,
        [1, 2].map((n) => jsonEvent({ type: happened.type, data: { n, text: v4().repeat(300) } })),
      )
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'deadline-exceeded' });
    expect(performance.now() - before).toBeLessThan(1_500);
    expect(messages.filter((message) => /No space left on device/.test(message))).toHaveLength(1);
    expect(messages.join('\n')).toMatch(/make room/);

    // Readers are served; writers wait, and go on.
    expect(Object.fromEntries(await logOf())).toEqual(Object.fromEntries(acknowledged));
    const waiting = write();
    rmSync(filler);
    await waiting;
    expect(Object.fromEntries(await logOf())).toEqual(Object.fromEntries(acknowledged));
  }, 60_000);

  it('comes through a Postgres that is killed meanwhile', async () => {
    fill(filler);
    const waiting = write();
    process.kill(Number(readFileSync(join(postgres.cluster, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    rmSync(filler);
    await waiting;
    await write();
    expect(Object.fromEntries(await logOf())).toEqual(Object.fromEntries(acknowledged));
  }, 60_000);
});
