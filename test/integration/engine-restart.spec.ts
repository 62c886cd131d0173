/** What a worker owes when its builds stand at different places of the log, as they do after any stop under load. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineJournal, type Projection } from '../../src/projections/engine/projection.js';
import type { EventLog, LogItem, SubscribeOptions } from '../../src/projections/ports/event-log.port.js';
import type { Statement, TextRow, WriteSession } from '../../src/projections/ports/write-database.port.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';
import { numbered } from '../support/recorded-event.js';

const journal = (name: string): Projection =>
  defineJournal({
    name,
    version: 1,
    events: 'all',
    table: { name, columns: { position: 'bigint' }, key: ['position'] },
    rows: ({ position }) => [{ position: position.commit }],
  });
const [behind, ahead] = [journal('behind'), journal('ahead')];

/** A log of the events 1 to `length`, in which nothing more happens. */
const logOf = (length: number): EventLog => ({
  readAgain: async () => [],
  head: async () => ({ commit: BigInt(length), prepare: BigInt(length) }),
  async *subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    const from = Number(after?.commit ?? 0) + 1;
    for (let n = from; n <= length; n += 1) yield [{ kind: 'event', event: numbered(n), bytes: 100 }];
    yield [{ kind: 'caughtUp' }];
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
});

/** A Postgres far away: every query takes its time. */
class SlowDatabase extends PostgresWriteDatabase {
  override async query(statement: Statement): Promise<readonly TextRow[]> {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return super.query(statement);
  }
}

describe('a worker that starts over builds of which one is behind the other', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const positions = async (table: string): Promise<number[]> => {
    const rows = await database.sql<{ position: string }>(`SELECT position FROM read.${table} ORDER BY 1`);
    return rows.map(({ position }) => Number(position));
  };

  async function run(projections: readonly Projection[], length: number, slow = false): Promise<void> {
    const write = slow ? new SlowDatabase(database.url) : new PostgresWriteDatabase(database.url);
    const worker = new ProjectionWorker({ log: logOf(length), database: write, projections });
    await worker.start();
    for (const { table } of projections)
      await vi.waitFor(async () => expect((await positions(table.name)).at(-1)).toBe(length), 10_000);
    await worker.stop();
    await write.close();
  }

  it('gives the one behind every event, whoever is found first and however long finding them takes', async () => {
    await run([behind], 3);
    await run([ahead], 6);
    await run([behind, ahead], 9, true);
    expect(await positions('behind')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await positions('ahead')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

/** From `hold` on, those who write rows of read models wait until they are let go; what else a worker does goes on. */
class HeldDatabase extends PostgresWriteDatabase {
  held = 0;
  #gate: Promise<void> | undefined;

  hold(): () => void {
    let letGo: (() => void) | undefined;
    this.#gate = new Promise((resolve) => (letGo = resolve));
    return () => letGo?.();
  }

  override async transaction<T>(work: (session: WriteSession) => Promise<T>): Promise<T> {
    return super.transaction(async (session) =>
      work({
        query: async (statement) => {
          if (this.#gate && /INSERT INTO "?build_/.test(statement.text)) {
            this.held += 1;
            await this.#gate;
          }
          return session.query(statement);
        },
      }),
    );
  }
}

describe('a worker that is stopped while it writes', () => {
  it('finishes that and gives its shares back at once: those who wait for a position wait for whoever takes them', async () => {
    const database = await createTestDatabase();
    const write = new HeldDatabase(database.url);
    const log = new MemoryLog();
    const worker = new ProjectionWorker({ log, database: write, projections: [behind] });
    log.append(numbered(1));
    await worker.start();
    await vi.waitFor(() => expect(worker.positions.at('behind')?.commit).toBe(1n), 10_000);
    const letGo = write.hold();
    log.append(numbered(2));
    await vi.waitUntil(() => write.held > 0);
    const stopped = worker.stop().then(() => 'stopped');
    letGo();
    // A runner with nothing to do looks around every 2 s.
    expect(await Promise.race([stopped, delay(1_500).then(() => 'still running')])).toBe('stopped');
    expect(await database.sql('SELECT owner, commit_position FROM control.checkpoints')).toEqual([{ owner: null, commit_position: '2' }]); // prettier-ignore
    await write.close();
    await database.drop();
  });
});
