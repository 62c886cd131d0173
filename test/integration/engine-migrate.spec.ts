import { readdirSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '../../src/adapters/postgres/migrate.js';

/** Every one there is, oldest first. */
const names = readdirSync(new URL('../../migrations/', import.meta.url))
  .filter((file) => file.endsWith('.up.sql'))
  .map((file) => file.slice(0, -'.up.sql'.length))
  .toSorted();
const newest = names.at(-1)?.split('_')[0];

describe('migrate', () => {
  const name = `migrate_${process.pid}`;
  const url = new URL(inject('postgresUrl'));
  const admin = new Client({ connectionString: url.href });
  url.pathname = name;

  beforeAll(async () => {
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
  });
  afterAll(async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  });

  it('runs each migration once, also when several start at the same time', async () => {
    const outcomes = await Promise.all([migrate(url.href), migrate(url.href), migrate(url.href)]);
    expect(outcomes.flatMap(({ ran }) => ran)).toEqual(names);
    expect(await migrate(url.href)).toMatchObject({ ran: [], current: newest });
  });

  it('goes on after a migration that was killed left its lock behind', async () => {
    const client = new Client({ connectionString: url.href });
    await client.connect();
    await client.query('UPDATE teampulse_migrations_lock SET is_locked = 1');
    await client.end();
    expect(await migrate(url.href)).toMatchObject({ ran: [] });
  });

  it('goes down and up again', async () => {
    for (const last of names.toReversed()) expect(await migrate(url.href, 'down')).toMatchObject({ ran: [last] });
    expect(await migrate(url.href, 'down')).toEqual({ ran: [], current: undefined });
    expect(await migrate(url.href)).toEqual({ ran: names, current: newest });
  });
});
