/** A database for a test: cloned from a template that has the migrations, dropped at the end. */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Client, Pool } from 'pg';
import { inject } from 'vitest';
import { migrate } from '../../src/adapters/postgres/migrate.js';
import { ensureApiLogin } from '../../src/adapters/postgres/prepare-server.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { createBatchWriter, type BatchWriter } from '../../src/projections/engine/batch-writer.js';
import { CheckpointLost, ensureBuilds, listBuilds } from '../../src/projections/engine/build-registry.js';
import { GroupCommitter } from '../../src/projections/engine/group-commit.js';
import type { Projection, Row } from '../../src/projections/engine/projection.js';

export interface TestDatabase {
  /** As the owner: `DATABASE_URL`. */
  readonly url: string;
  /** As the API's login, a member of teampulse_reader: `DATABASE_API_URL`. */
  readonly apiUrl: string;
  /** Runs SQL as the owner; row-level security does not hold for it. */
  sql<R extends object = Record<string, unknown>>(text: string, parameters?: unknown[]): Promise<R[]>;
  drop(): Promise<void>;
}

/**
 * One clone per test file: `const database = await createTestDatabase()` in beforeAll, `database.drop()` in afterAll.
 * @param admin superuser URL of another server than the run's
 */
export async function createTestDatabase(admin = inject('postgresUrl')): Promise<TestDatabase> {
  const template = await migratedTemplate(admin);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withClient(admin, async (client) => {
    // Cloning needs the template to be nobody's: one clone at a time.
    await client.query('SELECT pg_advisory_lock(1)');
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
    // A clone does not take the template's grants on the database itself.
    await client.query(`REVOKE TEMPORARY ON DATABASE ${name} FROM PUBLIC`);
  });
  const url = databaseUrl(admin, name);
  const apiUrl = await withClient(admin, async (client) => {
    await client.query('SELECT pg_advisory_lock(2)');
    return ensureApiLogin(url, 'teampulse_test_api', 'test');
  });
  const pool = new Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  return {
    url,
    apiUrl,
    sql: async <R extends object>(text: string, parameters: unknown[] = []) =>
      (await pool.query(text, parameters)).rows as R[],
    drop: async () => {
      await pool.end();
      await withClient(admin, async (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

export interface ProjectionTester {
  /** Each call is a batch after those before, delivered twice: the second delivery must change nothing. */
  given(...events: RecordedEvent[]): ProjectionTester;
  /** The rows of a table of the projection (its first one unless named), of every workspace, without workspace_id, by key. */
  then(expected: readonly Row[], table?: string): Promise<void>;
  /** The same rows, for assertions of another shape. */
  rows(table?: string): Promise<Row[]>;
}

/**
 * given(events).then(rows) for a projection, through the real engine and Postgres. Values as the query side gives them:
 * instants as ISO text, days as YYYY-MM-DD, bigint as text.
 *
 *   const tester = projectionTester(database, tasksProjection);
 *   await tester().given(created).given(renamed, closed).then([{ id, title: 'b', … }]);
 */
export function projectionTester(database: TestDatabase, projection: Projection): () => ProjectionTester {
  return () => new Tester(database, projection, []);
}

class Tester implements ProjectionTester {
  constructor(
    private readonly database: TestDatabase,
    private readonly projection: Projection,
    private readonly batches: readonly (readonly RecordedEvent[])[],
  ) {}

  given(...events: RecordedEvent[]): ProjectionTester {
    return new Tester(this.database, this.projection, [...this.batches, events]);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- the word of the test language; a tester is never awaited itself
  async then(expected: readonly Row[], table?: string): Promise<void> {
    const { expect } = await import('vitest');
    expect(await this.rows(table)).toEqual(expected);
  }

  async rows(table = this.projection.table.name): Promise<Row[]> {
    const writes = new PostgresWriteDatabase(this.database.url);
    const reads = new PostgresReadDatabase(this.database.url);
    try {
      await this.database.sql('DELETE FROM control.builds WHERE projection = $1', [this.projection.name]);
      await ensureBuilds(writes, this.projection);
      const build = (await listBuilds(writes)).find(({ projection }) => projection === this.projection.name);
      const writer = createBatchWriter(writes, this.projection, build?.id ?? '', 'add');
      const committer = new GroupCommitter(writes);
      let stored: LogPosition | undefined;
      const types = this.projection.events === 'all' ? undefined : this.projection.events.map(({ type }) => type);
      for (const batch of this.batches) {
        const events = batch.filter(({ type }) => types?.includes(type) ?? true);
        const to = batch.at(-1)?.position;
        if (!to) continue;
        const deliver = async (by: BatchWriter): Promise<void> => {
          const checkpoint = { buildId: build?.id ?? '', shard: 0, shards: 1, epoch: 0n, projection: this.projection.name, announce: true, stored, lost: false }; // prettier-ignore
          await committer.commit(checkpoint, to, events.length, await by.fold(events, 0));
        };
        await deliver(writer);
        await deliver(createBatchWriter(writes, this.projection, build?.id ?? '', 'add')).then(
          () => Promise.reject(new Error('the same batch was taken a second time')),
          (error: unknown) => {
            const refused = error instanceof CheckpointLost || (error as { code?: string }).code === '23505';
            if (!refused) throw error;
          },
        );
        stored = to;
      }
      const declared = [this.projection.table, ...(this.projection.kind === 'entity' ? [...(this.projection.details ?? []), ...(this.projection.rollups ?? [])] : [])].find(({ name }) => name === table); // prettier-ignore
      if (!declared) throw new Error(`${this.projection.name} has no table ${table}`);
      const columns = Object.keys(declared.columns).map((name) => `"${name}"`).join(', '); // prettier-ignore
      const order = ['workspace_id', ...declared.key.map((name) => `"${name}"`)].join(', ');
      const anyWorkspace = '00000000-0000-4000-8000-000000000000';
      return await reads.query<Row>(anyWorkspace, `SELECT ${columns} FROM read."${table}" ORDER BY ${order}`);
    } finally {
      await Promise.all([writes.close(), reads.close()]);
    }
  }
}

/** Made once per set of migrations and run; whoever comes second waits and finds it. */
async function migratedTemplate(admin: string): Promise<string> {
  const folder = new URL('../../migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).toSorted()) hash.update(file).update(readFileSync(new URL(file, folder)));
  const name = `template_${hash.digest('hex').slice(0, 12)}`;
  return withClient(admin, async (client) => {
    await client.query('SELECT pg_advisory_lock(1)');
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) {
      await client.query(`CREATE DATABASE ${name}_unfinished`);
      await migrate(databaseUrl(admin, `${name}_unfinished`));
      await client.query(`ALTER DATABASE ${name}_unfinished RENAME TO ${name}`);
    }
    return name;
  });
}

function databaseUrl(admin: string, name: string): string {
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return url.href;
}

export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
