/**
 * Kill -9 at random instants under concurrent appends, of the server and of its Postgres: nothing acknowledged is lost.
 *
 * `npm run test:durability` kills the server 100 times and Postgres 20 times. Within the ordinary test run there are as many
 * as fit into TIME_MS, and at least the FEWEST; it prints how many there were.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyStore } from '../../src/adapters/embedded-eventstore/maintenance/verify.js';
import { headOf, visitStore } from '../../src/adapters/embedded-eventstore/maintenance/visit.js';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import { ServerProcess, Workload } from '../support/durability.js';
import { scratchFolder } from '../support/scratch-folder.js';

const isFull = process.env['TEAMPULSE_DURABILITY'] === 'full';
const SERVER = { full: 100, fewest: 5, timeMs: 45_000 };
const POSTGRES = { full: 20, fewest: 2, timeMs: 25_000 };
/** A group is committed every few milliseconds: so much later is somewhere within one. */
const WITHIN_A_COMMIT_MS = 30;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A Postgres of the test's own that syncs, as that of an installation. */
async function startPostgres(): Promise<EmbeddedPostgres> {
  const folder = scratchFolder('durability');
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ dataFolder: folder });
  cleanups.push(() => postgres.stop(1_000));
  await ensureDatabases(postgres.url(), ['eventstore']);
  return postgres;
}

/** Kills under load, as often as asked for, and then holds the store to what it owes. */
async function underLoad(
  kill: (store: Subject) => Promise<void>,
  { full, fewest, timeMs }: typeof SERVER,
): Promise<number> {
  const postgres = await startPostgres();
  const server = new ServerProcess(postgres.url('eventstore'));
  cleanups.push(() => server.kill());
  const workload = new Workload(await server.start());
  cleanups.push(() => workload.dispose());
  workload.start();
  const end = Date.now() + timeMs;
  let kills = 0;
  for (; isFull ? kills < full : kills < fewest || (kills < full && Date.now() < end); kills++) {
    await workload.progress(randomInt(1, 60));
    await delay(randomInt(WITHIN_A_COMMIT_MS));
    await kill({ postgres, server });
  }
  await workload.progress(60);
  await workload.check();
  const { damages } = await visitStore(postgres.url('eventstore'), async (client) =>
    verifyStore(client, await headOf(client), () => undefined),
  );
  expect(damages).toEqual([]);
  console.log(`  ${kills} kills, ${workload.acknowledged.length} acknowledged appends, none lost`);
  return kills;
}

interface Subject {
  readonly postgres: EmbeddedPostgres;
  readonly server: ServerProcess;
}

/** All of Postgres at once, or the one process that writes, after which the others restart. */
async function killPostgres({ postgres }: Subject): Promise<void> {
  const postmaster = Number(readFileSync(join(postgres.cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const writer = randomInt(2) === 0 ? await writersBackend(postgres) : undefined;
  try {
    process.kill(writer ?? postmaster, 'SIGKILL');
  } catch {
    // It had ended by itself: the last kill was not long ago.
  }
}

async function writersBackend(postgres: EmbeddedPostgres): Promise<number | undefined> {
  const client = new Client({ connectionString: postgres.url(), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'teampulse eventstore writer'`,
    );
    return rows[0]?.pid;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const timeout = (full: number, short: number): number => (isFull ? full : short);

describe('the server, killed at random instants', () => {
  it('loses nothing acknowledged and does nothing by halves; its followers miss and repeat nothing', async () => {
    const kills = await underLoad(async ({ server }) => {
      await server.kill();
      await server.start();
    }, SERVER);
    expect(kills).toBeGreaterThanOrEqual(isFull ? SERVER.full : SERVER.fewest);
  }, timeout(900_000, 240_000)); // prettier-ignore
});

describe('Postgres, killed at random instants', () => {
  it('loses nothing acknowledged and does nothing by halves; its followers miss and repeat nothing', async () => {
    const kills = await underLoad(killPostgres, POSTGRES);
    expect(kills).toBeGreaterThanOrEqual(isFull ? POSTGRES.full : POSTGRES.fewest);
  }, timeout(900_000, 240_000)); // prettier-ignore
});
