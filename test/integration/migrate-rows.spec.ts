/** Migrations over databases that have rows of the version before: what is known stays known, and workers go on from there. */
import { readdirSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { migrate } from '../../src/adapters/postgres/migrate.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { listBuilds } from '../../src/projections/engine/build-registry.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { checkNumbers, checkStreams, NumberLog, numbers, streams } from '../support/number-log.js';

const names = readdirSync(new URL('../../migrations/', import.meta.url))
  .filter((file) => file.endsWith('.up.sql'))
  .map((file) => file.slice(0, -'.up.sql'.length))
  .toSorted();

const admin = new Client({ connectionString: inject('postgresUrl') });
const name = `migrate_rows_${process.pid}`;
const url = new URL(inject('postgresUrl'));
url.pathname = name;
let client: Client;
let writes: PostgresWriteDatabase;

beforeAll(async () => admin.connect());
afterAll(async () => admin.end());
beforeEach(async () => {
  await admin.query(`CREATE DATABASE ${name}`);
  await migrate(url.href);
  client = new Client({ connectionString: url.href });
  await client.connect();
  writes = new PostgresWriteDatabase(url.href);
});
afterEach(async () => {
  await Promise.all([client.end(), writes.close()]);
  await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
});

const sql = async <R extends object>(text: string): Promise<R[]> => (await client.query<R>(text)).rows;

/** As it was before this migration. */
async function downTo(migration: string): Promise<void> {
  for (const last of names.slice(names.findIndex((each) => each.endsWith(migration))).toReversed()) {
    expect(await migrate(url.href, 'down')).toMatchObject({ ran: [last] });
  }
}

/** Applies the numbers up to this one. */
async function work(count: number): Promise<void> {
  const worker = new ProjectionWorker({
    log: new NumberLog(() => count),
    database: writes,
    projections: [streams('whole', 1), streams('sharded', 4), numbers('journal', 1)],
  });
  await worker.start();
  const least = "SELECT min(commit_position)::int AS at FROM control.checkpoints JOIN control.builds b ON b.id = build_id WHERE b.state = 'live'"; // prettier-ignore
  await vi.waitFor(async () => expect(await sql(least)).toEqual([{ at: count - 1 }]), {
    timeout: 20_000,
    interval: 20,
  });
  await worker.stop();
}

async function check(count: number): Promise<void> {
  await checkStreams(sql, 'whole', count);
  await checkStreams(sql, 'sharded', count);
  await checkNumbers(sql, 'journal', count);
}

describe('a database with rows', () => {
  it('gets shares, their stops and counts from builds that had one checkpoint and one stop each', async () => {
    await downTo('control_requests');
    await client.query(`INSERT INTO control.builds (projection, version, state, tables, indexed, live_since, stopped_at, stopped_position, stopped_reason)
      VALUES ('tasks', 3, 'live', '{tasks}', true, '2026-01-02', NULL, NULL, NULL),
        ('tasks', 2, 'retired', '{tasks}', true, '2026-01-01', NULL, NULL, NULL),
        ('tasks', 4, 'building', '{tasks}', false, NULL, '2026-01-03', 71, 'it went wrong'),
        ('labels', 1, 'dropped', '{labels}', true, '2026-01-01', NULL, NULL, NULL)`);
    await client.query(`INSERT INTO control.checkpoints (build_id, commit_position, prepare_position, events)
      SELECT id, 100 - version, 100 - version, CASE state WHEN 'dropped' THEN 0 ELSE 10 * version END FROM control.builds`);
    expect(await migrate(url.href)).toMatchObject({ ran: names.slice(2) });

    const builds = await listBuilds(writes);
    expect(builds.toSorted((a, b) => a.version - b.version)).toMatchObject([
      {
        projection: 'tasks',
        version: 2,
        state: 'retired',
        position: { commit: 98n },
        events: 20,
        shards: 1,
        indexed: true,
      },
      {
        projection: 'tasks',
        version: 3,
        state: 'live',
        position: { commit: 97n },
        events: 30,
        shards: 1,
        indexed: true,
      },
      {
        projection: 'tasks',
        version: 4,
        state: 'building',
        position: { commit: 96n },
        events: 40,
        stopped: { position: '71', reason: 'it went wrong' },
      },
    ]);
    // What had its indexes has read its history; nobody owns anything yet.
    expect(builds.map(({ version, shares }) => [version, shares.map(({ shard, loaded, owner, epoch }) => ({ shard, loaded, owner, epoch }))])) // prettier-ignore
      .toEqual(expect.arrayContaining([3, 2, 4].map((version) => [version, [{ shard: 0, loaded: version < 4, owner: undefined, epoch: 0n }]]))); // prettier-ignore
    // Of what was applied before types were counted, the sum is known.
    const counts = 'SELECT b.version, c.shard, c.type, c.events::int AS events FROM control.applied_counts c JOIN control.builds b ON b.id = c.build_id ORDER BY 1'; // prettier-ignore
    expect(await sql(counts)).toEqual(
      [2, 3, 4].map((version) => ({ version, shard: 0, type: '', events: 10 * version })),
    );
    expect(await sql('SELECT DISTINCT refused, keeps_others, appends FROM control.builds')).toEqual([{ refused: false, keeps_others: false, appends: false }]); // prettier-ignore
  });

  it('can be taken back to any version and forth again: workers go on where they were, each event once', async () => {
    let count = 400;
    await work(count);
    // The newest alone, then the newest two, and so on.
    for (const last of names.toReversed()) {
      if (last.endsWith('control_and_roles')) break;
      await downTo(last);
      await migrate(url.href);
      count += 100;
      await work(count);
      await check(count);
    }
    // None of them was built anew.
    expect(await sql('SELECT DISTINCT state, count(*)::int AS builds FROM control.builds GROUP BY state')).toEqual([{ state: 'live', builds: 3 }]); // prettier-ignore
  }, 120_000);

  it('builds anew what one checkpoint can not stand for: shares that are not level', async () => {
    await work(400);
    const [before] = await sql<{ id: string }>("SELECT id FROM control.builds WHERE projection = 'sharded' AND state = 'live'"); // prettier-ignore
    await client.query(`UPDATE control.checkpoints SET commit_position = 5, prepare_position = 5 WHERE build_id = ${before?.id} AND shard = 3`); // prettier-ignore
    await downTo('shards_and_leases');
    expect((await sql<{ projection: string }>('SELECT projection FROM control.builds')).map(({ projection }) => projection).toSorted()).toEqual(['journal', 'whole']); // prettier-ignore
    await migrate(url.href);
    await work(500);
    await check(500);
  });

  it('loses side builds on the way back, and is whole again', async () => {
    await work(100);
    await client.query("UPDATE control.builds SET state = 'as_of', as_of_commit = 1, as_of_prepare = 1 WHERE projection = 'journal'"); // prettier-ignore
    await downTo('side_builds');
    // A side build is nothing to the version before: its tables are gone, and it is on record that it was there.
    expect(await sql("SELECT state FROM control.builds WHERE projection = 'journal'")).toEqual([{ state: 'dropped' }]);
    expect(await sql("SELECT FROM pg_namespace n JOIN control.builds b ON n.nspname = 'build_' || b.id WHERE b.projection = 'journal'")).toEqual([]); // prettier-ignore
    await migrate(url.href);
    await work(200);
    await check(200);
  });
});
