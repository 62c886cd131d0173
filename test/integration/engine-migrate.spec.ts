import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '../../src/adapters/postgres/migrate.js';

describe('migrate', () => {
  const name = `migrate_${process.pid}`;
  const url = new URL(inject('postgresUrl'));
  const admin = new pg.Client({ connectionString: url.href });
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
    expect(outcomes.flatMap(({ ran }) => ran)).toEqual(['20261121040000_control_and_roles']);
    expect(await migrate(url.href)).toMatchObject({ ran: [], current: '20261121040000' });
  });

  it('goes on after a migration that was killed left its lock behind', async () => {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await client.query('UPDATE teampulse_migrations_lock SET is_locked = 1');
    await client.end();
    expect(await migrate(url.href)).toMatchObject({ ran: [] });
  });

  it('goes down and up again', async () => {
    expect(await migrate(url.href, 'down')).toEqual({ ran: ['20261121040000_control_and_roles'], current: undefined });
    expect(await migrate(url.href)).toMatchObject({ ran: ['20261121040000_control_and_roles'] });
  });
});
