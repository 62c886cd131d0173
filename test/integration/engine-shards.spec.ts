/**
 * Three workers, killed and frozen for longer than a lease, over a log that goes on: each event is applied once, what a worker
 * had moves on within 5 s, and one that wakes after that commits nothing. `npm run test:engine-faults` takes ROUNDS.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { checkNumbers, checkStreams } from '../support/number-log.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { buildWorker } from '../support/worker-program.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 1);
const [EVENTS, PER_SECOND] = [10_000, 600];
const FAULTS = 4;
/** Longer than a lease. */
const FROZEN_MS = 4_000;
const MOVED_MS = 5_000;

interface Worker {
  readonly child: ChildProcess;
  readonly id: string;
}

describe('workers that are killed and frozen', () => {
  const folder = scratchFolder('shards');
  let program: string;
  let database: TestDatabase;
  const children = new Set<ChildProcess>();
  const moves: number[] = [];

  beforeAll(async () => {
    program = await buildWorker('number-worker', folder);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    console.log(`shares moved within ${moves.map((ms) => Math.round(ms)).join(', ')} ms`);
  });

  async function start(began: number): Promise<Worker> {
    const args = [database.url, String(EVENTS), String(PER_SECOND), String(began)];
    const child = fork(program, args, { stdio: 'inherit' });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const [{ id }] = (await once(child, 'message')) as [{ id: string }];
    return { child, id };
  }

  const owned = async (id: string): Promise<number> =>
    (await database.sql<{ n: number }>('SELECT count(*)::int AS n FROM control.checkpoints WHERE owner = $1', [id]))[0]?.n ?? 0; // prettier-ignore

  /** How long it takes until nothing is the worker's, nor nobody's. */
  async function movedFrom(id: string): Promise<void> {
    const began = performance.now();
    const rest = 'SELECT count(*)::int AS n FROM control.checkpoints WHERE owner IS NULL OR owner = $1';
    await vi.waitFor(async () => expect(await database.sql(rest, [id])).toEqual([{ n: 0 }]), { timeout: 20_000, interval: 20 }); // prettier-ignore
    moves.push(performance.now() - began);
    expect(moves.at(-1)).toBeLessThan(MOVED_MS);
  }

  it.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))(
    'lose and repeat nothing (round %i)',
    async () => {
      database = await createTestDatabase();
      // Who owned a share, for each change of it: what a worker commits must be under the epoch that is current.
      await database.sql(`CREATE TABLE public.history (n serial, build_id bigint, shard int, epoch bigint, at bigint)`);
      await database.sql(`CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO public.history (build_id, shard, epoch, at) VALUES (NEW.build_id, NEW.shard, NEW.epoch, NEW.commit_position); RETURN NULL; END $$`); // prettier-ignore
      await database.sql('CREATE TRIGGER remember AFTER UPDATE ON control.checkpoints FOR EACH ROW EXECUTE FUNCTION public.remember()'); // prettier-ignore
      const began = Date.now();
      const workers = [await start(began), await start(began), await start(began)];
      for (let fault = 0; fault < FAULTS; fault++) {
        await delay(randomInt(1_000));
        const at = randomInt(workers.length);
        const victim = workers[at];
        if (!victim) throw new Error('there is no such worker');
        if (fault % 2 === 0) {
          victim.child.kill('SIGKILL');
          await movedFrom(victim.id);
          workers[at] = await start(began);
        } else {
          victim.child.kill('SIGSTOP');
          const frozen = performance.now();
          await movedFrom(victim.id);
          await delay(Math.max(0, FROZEN_MS - (performance.now() - frozen)));
          if ((await owned(victim.id)) > 0) throw new Error('what a frozen worker had came back to it');
          victim.child.kill('SIGCONT');
        }
      }
      // One leaves in peace, one joins.
      const [leaving] = workers.splice(0, 1);
      leaving?.child.kill('SIGTERM');
      workers.push(await start(began));
      const last = `SELECT min(commit_position)::int AS at FROM control.checkpoints`;
      await vi.waitFor(async () => expect(await database.sql(last)).toEqual([{ at: EVENTS - 1 }]), { timeout: 60_000, interval: 50 }); // prettier-ignore
      await Promise.all(workers.map(async ({ child }) => (child.kill('SIGTERM'), once(child, 'exit'))));
      const sql = async <R extends object>(text: string): Promise<R[]> => database.sql<R>(text);
      await checkStreams(sql, 'sharded', EVENTS);
      await checkStreams(sql, 'whole', EVENTS);
      await checkNumbers(sql, 'journal', EVENTS);
      // Neither epochs nor positions ever went back: nothing was committed under a lease that was over.
      const back = `SELECT count(*)::int AS n FROM (SELECT epoch - lag(epoch) OVER w AS epochs, at - lag(at) OVER w AS positions
      FROM public.history WINDOW w AS (PARTITION BY build_id, shard ORDER BY n)) changes WHERE epochs < 0 OR positions < 0`;
      expect(await database.sql(back)).toEqual([{ n: 0 }]);
      await database.drop();
    },
    180_000,
  );
});
