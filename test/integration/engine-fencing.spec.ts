/**
 * A worker that was frozen for longer than its lease commits nothing when it wakes: shown by what Postgres keeps of each
 * transaction, not by what the tables hold in the end. Triggers note who wrote where and moved which checkpoint, in the
 * transaction that did, so that only what was committed is on record; sequences count what was tried, committed or not.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { lengthAt, type Growth } from '../support/number-log.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { buildWorker } from '../support/worker-program.js';

const WAIT = { timeout: 60_000, interval: 20 };
/** It wakes with something to do, nearly always; a machine that is busy may make it look around first. */
const MOST_FREEZES = 5;
/** Of all builds together. */
const SHARES = 13;

const folder = scratchFolder('fencing');

let program: string;
let database: TestDatabase;
let growth: Growth;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  growth = { events: 100_000, perSecond: 600, began: Date.now() };
  program = await buildWorker('number-worker', folder);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** @param name what its connections are called, by which transactions are known as its own */
async function start(name: string): Promise<{ readonly child: ChildProcess; readonly id: string }> {
  const args = [`${database.url}?application_name=${name}`, ...[growth.events, growth.perSecond, growth.began].map(String)]; // prettier-ignore
  const child = fork(program, args, { stdio: 'inherit' });
  children.push(child);
  const [{ id }] = (await once(child, 'message')) as [{ id: string }];
  return { child, id };
}

async function keepRecords(): Promise<void> {
  await database.sql('CREATE TABLE public.written (app text, xid xid8)');
  await database.sql(
    'CREATE TABLE public.moved (app text, xid xid8, build_id bigint, shard int, owner text, epoch bigint)',
  );
  for (const app of ['first', 'second']) await database.sql(`CREATE SEQUENCE public.tries_${app}`);
  await database.sql(`CREATE FUNCTION public.note_writing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM nextval('public.tries_' || current_setting('application_name'));
    INSERT INTO public.written VALUES (current_setting('application_name'), pg_current_xact_id()); RETURN NULL; END $$`);
  await database.sql(`CREATE FUNCTION public.note_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.moved VALUES (current_setting('application_name'), pg_current_xact_id(), NEW.build_id, NEW.shard, NEW.owner, NEW.epoch);
    RETURN NULL; END $$`);
  await database.sql(`CREATE TRIGGER note_move AFTER UPDATE ON control.checkpoints FOR EACH ROW
    WHEN (OLD.commit_position <> NEW.commit_position) EXECUTE FUNCTION public.note_move()`);
  await database.sql(`DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'build\\_%' LOOP
      EXECUTE format('CREATE TRIGGER note_writing AFTER INSERT OR UPDATE OR DELETE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION public.note_writing()', t.schemaname, t.tablename);
    END LOOP; END $$`);
}

const numberOf = async (text: string, parameters: unknown[] = []): Promise<number> =>
  Number((await database.sql<{ n: string }>(text, parameters))[0]?.n);
const ownedBy = async (id: string): Promise<number> => numberOf('SELECT count(*) AS n FROM control.checkpoints WHERE owner = $1', [id]); // prettier-ignore
/** Statements that wrote rows, and those of them that were committed. */
const triedAndKept = async (app: string): Promise<[tried: number, kept: number]> => [
  await numberOf(`SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS n FROM public.tries_${app}`),
  await numberOf('SELECT count(*) AS n FROM public.written WHERE app = $1', [app]),
];

describe('a worker that was frozen for longer than its lease', () => {
  it('tries to commit what it has when it wakes, and Postgres keeps nothing of it', async () => {
    const first = await start('first');
    const second = await start('second');
    await vi.waitUntil(async () => (await ownedBy(first.id)) > 2 && (await ownedBy(second.id)) > 2, WAIT);
    await keepRecords();

    let wasted = 0;
    for (let freeze = 0; wasted === 0 && freeze < MOST_FREEZES; freeze += 1) {
      await vi.waitUntil(async () => (await ownedBy(first.id)) > 2 && (await triedAndKept('first'))[1] > 0, WAIT);
      first.child.kill('SIGSTOP');
      // All that it had is the other one's, and that one has gone on with it.
      await vi.waitUntil(async () => (await ownedBy(first.id)) === 0, WAIT);
      const at = lengthAt(growth) - 1;
      const all = 'SELECT count(*) AS n FROM control.checkpoints WHERE owner = $1 AND commit_position >= $2';
      await vi.waitUntil(async () => (await numberOf(all, [second.id, at])) === SHARES, WAIT);
      // What was rolled back while both were awake is not what this is about.
      const [triedBefore, keptBefore] = await triedAndKept('first');
      first.child.kill('SIGCONT');
      await vi.waitUntil(async () => (await ownedBy(first.id)) > 2, WAIT);
      const [tried, kept] = await triedAndKept('first');
      wasted = tried - triedBefore - (kept - keptBefore);
    }
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map(async (child) => once(child, 'exit')));

    // It did try.
    expect(wasted).toBeGreaterThan(0);
    console.log(`${wasted} statements of it were rolled back`);
    // No checkpoint was moved but by the owner that the share had in that transaction ...
    const owners = `(VALUES ('first', '${first.id}'), ('second', '${second.id}')) AS o (app, id)`;
    expect(await numberOf(`SELECT count(*) AS n FROM public.moved m JOIN ${owners} USING (app) WHERE m.owner IS DISTINCT FROM o.id`)).toBe(0); // prettier-ignore
    expect(await numberOf('SELECT count(*) AS n FROM public.moved WHERE app = $1', ['first'])).toBeGreaterThan(0);
    // ... and no row was written but in a transaction that moved one.
    expect(await numberOf('SELECT count(*) AS n FROM public.written w WHERE NOT EXISTS (SELECT FROM public.moved m WHERE m.xid = w.xid AND m.app = w.app)')).toBe(0); // prettier-ignore
    // Nobody moved a share under an epoch that was over: in the order of the transactions, epochs never go back.
    const back = `SELECT count(*) AS n FROM (SELECT epoch - lag(epoch) OVER (PARTITION BY build_id, shard ORDER BY xid) AS step FROM public.moved) steps WHERE step < 0`; // prettier-ignore
    expect(await numberOf(back)).toBe(0);
  }, 120_000);
});
