/** Brings the database schema up to date: plain SQL files in migrations/, in the order of their timestamps, run by knex. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import knex, { type Knex } from 'knex';

export interface MigrationOutcome {
  /** Names of the migrations that ran, in order; empty when there was nothing to do. */
  readonly ran: readonly string[];
  /** The timestamp of the newest migration that the database now has: `20261121040000`. */
  readonly current: string | undefined;
}

/** The same from src/ and from dist/. */
const FOLDER = fileURLToPath(new URL('../../../migrations/', import.meta.url));
/** "migrate" in ASCII: one migration at a time, over all processes. */
const LOCK = 0x6d69_6772;

/**
 * Runs what is missing; `down` takes the last migration back. Safe to run from several processes at once.
 * Each migration is one transaction.
 */
export async function migrate(databaseUrl: string, direction: 'up' | 'down' = 'up'): Promise<MigrationOutcome> {
  const db = knex({
    client: 'pg',
    connection: { connectionString: databaseUrl, connectionTimeoutMillis: 10_000 },
    pool: { min: 0, max: 2 },
    // What fails is thrown; knex would print it as well, stack and all.
    log: { error: () => undefined, warn: () => undefined },
    migrations: { migrationSource: new SqlFiles(), tableName: 'teampulse_migrations' },
  });
  try {
    return await db.transaction(async (lock) => {
      await lock.raw('SELECT pg_advisory_xact_lock(?)', [LOCK]);
      // knex's own lock survives kill -9; ours does not, and whoever holds ours is alone.
      await db.migrate.currentVersion();
      await db.migrate.forceFreeMigrationsLock();
      const [, ran]: [number, string[]] = await (direction === 'up' ? db.migrate.latest() : db.migrate.down());
      const current = await db.migrate.currentVersion();
      return { ran, current: current === 'none' ? undefined : current };
    });
  } finally {
    await db.destroy();
  }
}

class SqlFiles implements Knex.MigrationSource<string> {
  async getMigrations(): Promise<string[]> {
    const files = await readdir(FOLDER);
    return files
      .filter((file) => file.endsWith('.up.sql'))
      .map((file) => file.slice(0, -'.up.sql'.length))
      .toSorted();
  }

  getMigrationName(migration: string): string {
    return migration;
  }

  async getMigration(migration: string): Promise<Knex.Migration> {
    const [up, down] = await Promise.all(
      ['up', 'down'].map((direction) => readFile(`${FOLDER}${migration}.${direction}.sql`, 'utf8')),
    );
    return {
      up: async (db) => void (await db.raw(up ?? '')),
      down: async (db) => void (await db.raw(down ?? '')),
    };
  }
}
