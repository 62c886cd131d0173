import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as fc from 'fast-check';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { formatPosition } from '../../src/domain/shared/position.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { listBuilds } from '../../src/projections/engine/build-registry.js';
import type { EngineNotice } from '../../src/projections/engine/notices.js';
import { countParked } from '../../src/projections/engine/report-parked.js';
import { parkedOf } from '../../src/projections/engine/parked-of.js';
import { askedOf } from '../../src/projections/engine/parking-requests.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineJournal, type Projection } from '../../src/projections/engine/projection.js';
import { ask } from '../support/control.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { FedLog } from '../support/fed-log.js';
import { pages, Writer, written } from '../support/lines.js';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

describe('events that a serving build can not apply', () => {
  let database: TestDatabase;
  let writes: PostgresWriteDatabase;
  let log: FedLog;
  let writer: Writer;
  let running: ProjectionWorker | undefined;
  const notices: EngineNotice[] = [];
  /** Lines that can't be applied now; and what they fail with. */
  const bad = new Map<string, Error>();
  const refuse = ({ data }: RecordedEvent): void => {
    const error = bad.get((data as { line: string }).line);
    if (error) throw error;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    writes = new PostgresWriteDatabase(database.url);
  });
  beforeEach(() => {
    log = new FedLog();
    writer = new Writer();
    bad.clear();
    notices.length = 0;
  });
  afterEach(async () => {
    await running?.stop();
    await database.sql('DELETE FROM control.builds');
  });
  afterAll(async () => {
    await writes.close();
    await database.drop();
  });

  async function start(projection: Projection = pages(refuse)): Promise<ProjectionWorker> {
    await running?.stop();
    running = new ProjectionWorker({
      log,
      database: writes,
      projections: [projection],
      notice: (notice) => notices.push(notice),
    });
    await running.start();
    return running;
  }

  const write = (stream: string, page: string, ...lines: string[]): RecordedEvent[] => {
    const events = lines.map((line) => writer.write(stream, page, line));
    log.append(...events);
    return events;
  };

  const applied = async (name = 'pages'): Promise<void> => {
    const head = await log.head();
    if (head) expect(await running?.positions.waitFor([name], head, 15_000)).toBe(true);
  };

  const rows = async (): Promise<Record<string, string>> => {
    const found = await database.sql<{ page: string; lines: string[] }>('SELECT page, lines FROM read.pages');
    return Object.fromEntries(found.map(({ page, lines }) => [page, lines.join(' ')]));
  };
  const parked = async (): Promise<[string, string, number][]> =>
    (
      await database.sql<{ event_id: string; state: string; attempts: number }>(
        'SELECT event_id, state, attempts FROM control.parked ORDER BY commit_position',
      )
    ).map(({ event_id: id, state, attempts }) => [log.lineOf(id), state, attempts]);

  /** As an operator does. */
  const retry = async (event?: RecordedEvent): Promise<void> => {
    const { accepted, message, build, positions } = await ask(writes, 'retry-parked', 'pages', event && { at: formatPosition(event.position) }); // prettier-ignore
    expect(accepted, message).toBe(true);
    await vi.waitFor(async () => expect((await askedOf(writes, String(build), positions as string[])).pending).toBe(0), 10_000); // prettier-ignore
  };

  /** The command line's `parked` commands. */
  const run = async (...args: string[]): Promise<{ code: unknown; stdout: string }> =>
    promisify(execFile)(process.execPath, [main, 'projections', 'parked', ...args], {
      env: { ...process.env, DATABASE_URL: database.url },
    }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: unknown; stdout: string }) => ({ code, stdout }),
    );

  it('wait, and behind them what is of the same stream or row, while everything else flows on', async () => {
    await start();
    bad.set('a2', new RangeError('this line is poison'));
    const [, poison] = write('a', 'one', 'a1', 'a2', 'a3');
    // The same page, from another stream; and from that stream another page.
    write('b', 'one', 'b1');
    write('b', 'two', 'b2');
    write('c', 'three', 'c1', 'c2');
    write('d', 'two', 'd1');
    await applied();
    expect(await rows()).toEqual({ one: 'a1', three: 'c1 c2' });
    expect(await parked()).toEqual([
      ['a2', 'parked', 3],
      ['a3', 'behind', 0],
      ['b1', 'behind', 0],
      ['b2', 'behind', 0],
      ['d1', 'behind', 0],
    ]);
    expect(await database.sql('SELECT lines::int FROM read.pages_total')).toEqual([{ lines: 3 }]);
    expect(notices.filter(({ kind }) => kind === 'parked')).toMatchObject([
      {
        position: poison?.position,
        type: written.type,
        eventId: poison?.id,
        reason: expect.stringContaining('RangeError: this line is poison'),
      },
    ]);
    const [build] = await listBuilds(writes);
    expect(build).toMatchObject({ state: 'live', events: 3, stopped: undefined, position: await log.head() });
    // What verify and the metrics ask.
    const left = await parkedOf(writes, build?.id ?? '');
    expect(left.get(formatPosition(poison?.position ?? { commit: 0n, prepare: 0n }))).toEqual({
      type: written.type,
      state: 'parked',
    });
    expect(left.size).toBe(5);
    expect(await countParked(writes)).toEqual(new Map([['pages', 5]]));
  });

  it('are kept without anything that stands in them', async () => {
    await start();
    bad.set('Ada Lovelace', new Error('Ada Lovelace of ada@example.org is not known'));
    write('a', 'Ada@example.org', 'Ada Lovelace');
    await applied();
    const kept = JSON.stringify(await database.sql('SELECT * FROM control.parked'));
    expect(kept).toContain('is not known');
    expect(kept).not.toMatch(/ada|lovelace|example\.org/i);
    expect(
      JSON.stringify(notices, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toMatch(/ada|lovelace/i);
  });

  it('are found one by one where only Postgres refuses them', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => (i === 77 || i === 200 ? `huge${i}` : `l${i}`));
    for (const [i, line] of lines.entries()) write(`s${i}`, `p${i}`, line);
    await start();
    await applied();
    expect((await parked()).map(([line, state]) => [line, state])).toEqual([['huge77', 'parked'], ['huge200', 'parked']]); // prettier-ignore
    expect(Object.keys(await rows())).toHaveLength(298);
    expect(await database.sql('SELECT reason FROM control.parked LIMIT 1')).toEqual([
      { reason: expect.stringMatching(/^Postgres refused its row: .*SQLSTATE 22003/) },
    ]);
  });

  it('wait as well when they can not even be read', async () => {
    await start();
    const [, unreadable] = write('a', 'one', 'a1');
    expect(unreadable).toBeUndefined();
    const event = writer.write('a', 'one', 'a2');
    log.malformed.add(event.id);
    log.append(event);
    write('a', 'one', 'a3');
    write('b', 'two', 'b1');
    await applied();
    expect(await rows()).toEqual({ one: 'a1', two: 'b1' });
    expect(await parked()).toEqual([['a2', 'parked', 1], ['a3', 'behind', 0]]); // prettier-ignore
    log.malformed.clear();
    await retry(event);
    expect(await rows()).toEqual({ one: 'a1 a2 a3', two: 'b1' });
  });

  it('are listed, shown, tried again and discarded on the command line', async () => {
    await start();
    bad.set('a1', new RangeError('no such line'));
    const [event] = write('a', 'one', 'a1', 'a2');
    await applied();
    const at = event ? formatPosition(event.position) : '';
    expect(JSON.parse((await run('list', '--json')).stdout)).toMatchObject([{ projection: 'pages', position: at, state: 'parked', attempts: 3, stream: 'page-a' }]); // prettier-ignore
    expect((await run('list', 'pages', '--all')).stdout).toMatch(/RangeError: no such line[^]*behind/);
    expect((await run('show', 'pages', at)).stdout).toContain(event?.id);
    expect(await run('retry', 'pages', at, '--json')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('"failed":1'),
    });
    expect(await run('discard', 'pages', at)).toMatchObject({ code: 2 });
    expect(await run('discard', 'pages', at, '--because', 'a test')).toMatchObject({
      code: 0,
      stdout: 'pages: 1 discarded.\n',
    });
    await vi.waitFor(async () => expect(await rows()).toEqual({ one: 'a2' }), 10_000);
    expect((await run('list', '--all')).stdout).toMatch(/discarded .* a test/);
    expect(await run('retry', 'pages')).toMatchObject({ code: 1 });
  }, 60_000);

  it('of a journal hold back their own stream only', async () => {
    const journal = defineJournal({
      name: 'pages',
      version: 1,
      events: 'all',
      table: { name: 'pages_journal', columns: { position: 'bigint', line: 'text' }, key: ['position'] },
      rows: (event) => {
        refuse(event);
        return [{ position: event.position.commit, line: (event.data as { line: string }).line }];
      },
    });
    bad.set('a1', new Error('no'));
    await start(journal);
    write('a', 'one', 'a1', 'a2');
    write('b', 'one', 'b1');
    await applied();
    expect(await database.sql('SELECT line FROM read.pages_journal')).toEqual([{ line: 'b1' }]);
    bad.clear();
    await retry();
    expect(await database.sql('SELECT line FROM read.pages_journal ORDER BY position')).toEqual([{ line: 'a1' }, { line: 'a2' }, { line: 'b1' }]); // prettier-ignore
    expect(await parked()).toEqual([]);
  });

  it('still hold back what comes after a restart', async () => {
    await start();
    bad.set('a1', new Error('no'));
    write('a', 'one', 'a1');
    await applied();
    bad.clear();
    await start();
    write('a', 'one', 'a2');
    write('b', 'two', 'b1');
    await applied();
    expect(await rows()).toEqual({ two: 'b1' });
    await retry();
    expect(await rows()).toEqual({ one: 'a1 a2', two: 'b1' });
  });

  it('are applied in their order when they are tried again, with what has come meanwhile', async () => {
    await start();
    bad.set('a1', new Error('no'));
    write('a', 'one', 'a1', 'a2');
    write('b', 'one', 'b1');
    await applied();
    bad.clear();
    // Goes on all the while: none of these may overtake.
    const late = Array.from({ length: 200 }, (_, i) => `c${i}`);
    const feeding = (async () => {
      for (const line of late) {
        write('a', 'one', line);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await Promise.all([retry(), feeding]);
    await applied();
    // Those that arrived between the request and its execution waited as well, and went with it.
    expect(await rows()).toEqual({ one: ['a1', 'a2', 'b1', ...late].join(' ') });
    expect(await parked()).toEqual([]);
    expect(await listBuilds(writes)).toMatchObject([{ events: 203 }]);
  });

  it('keep what is behind them when they fail again, and count the attempt', async () => {
    await start();
    bad.set('a1', new Error('no')).set('x1', new Error('no'));
    const [first] = write('a', 'one', 'a1', 'a2');
    write('x', 'nine', 'x1', 'x2');
    await applied();
    await retry(first);
    expect(await parked()).toEqual([['a1', 'parked', 4], ['a2', 'behind', 0], ['x1', 'parked', 3], ['x2', 'behind', 0]]); // prettier-ignore
    // The one before is mended, and now the next one fails.
    bad.delete('a1');
    bad.set('a2', new Error('not this one either'));
    write('a', 'one', 'a3');
    await applied();
    await retry(first);
    await vi.waitFor(
      async () =>
      expect(await parked()).toEqual([['a2', 'parked', 1], ['x1', 'parked', 3], ['x2', 'behind', 0], ['a3', 'behind', 0]]), // prettier-ignore
    );
    expect(await rows()).toEqual({ one: 'a1' });
    bad.clear();
    await retry();
    await vi.waitFor(async () => expect(await rows()).toEqual({ one: 'a1 a2 a3', nine: 'x1 x2' }));
  });

  it('are given up when an operator says so, which is kept, and then the next one has its turn', async () => {
    await start();
    bad.set('a1', new Error('no'));
    const [first, second] = write('a', 'one', 'a1', 'a2', 'a3');
    await applied();
    const discard = async (given: object): Promise<unknown> =>
      (await ask(writes, 'discard-parked', 'pages', { ...given })).accepted;
    expect(await discard({ because: 'typed in twice' })).toBe(false);
    expect(await discard({ at: formatPosition(first?.position ?? { commit: 0n, prepare: 0n }) })).toBe(false);
    expect(
      await discard({ at: formatPosition(second?.position ?? { commit: 0n, prepare: 0n }), because: 'behind' }),
    ).toBe(false);
    expect(
      await discard({ at: formatPosition(first?.position ?? { commit: 0n, prepare: 0n }), because: 'typed in twice' }),
    ).toBe(true);
    await vi.waitFor(async () => expect(await rows()).toEqual({ one: 'a2 a3' }), 10_000);
    expect(await parked()).toEqual([['a1', 'discarded', 3]]);
    expect(
      await database.sql('SELECT asked_by, asked_because, discarded_at IS NOT NULL AS discarded FROM control.parked'),
    ).toEqual([{ asked_by: 'cli:test', asked_because: 'typed in twice', discarded: true }]);
    write('a', 'one', 'a4');
    await applied();
    expect(await rows()).toEqual({ one: 'a2 a3 a4' });
    const [build] = await listBuilds(writes);
    expect([...(await parkedOf(writes, build?.id ?? '')).values()]).toEqual([
      { type: written.type, state: 'discarded' },
    ]);
    expect(await countParked(writes)).toEqual(new Map());
  });

  it('are all tried again by a new build, which stops where one fails; a version that can apply them takes over', async () => {
    await start();
    bad.set('a1', new Error('no'));
    write('a', 'one', 'a1', 'a2');
    write('b', 'two', 'b1');
    await applied();
    await ask(writes, 'rebuild', 'pages');
    await vi.waitFor(() => expect(notices.some(({ kind }) => kind === 'stopped')).toBe(true), 10_000);
    expect(await rows()).toEqual({ two: 'b1' });
    await start(pages(() => undefined, 2));
    await vi.waitFor(async () => expect(await rows()).toEqual({ one: 'a1 a2', two: 'b1' }), 10_000);
    expect(await countParked(writes)).toEqual(new Map());
  });

  it('stop the build instead when the fault is not theirs', async () => {
    await start();
    write('a', 'one', 'a1');
    await applied();
    await database.sql(
      `DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE build_%s.pages RENAME TO gone', id) FROM control.builds); END $$`,
    );
    write('b', 'two', 'b1');
    await vi.waitFor(() => expect(notices.some(({ kind }) => kind === 'stopped')).toBe(true), 10_000);
    expect(await parked()).toEqual([]);
  });

  it('stop the build when they are so many that something else must be wrong', async () => {
    await start();
    write('a', 'one', 'a1');
    await applied();
    await running?.stop();
    await database.sql(`INSERT INTO control.parked (build_id, shard, commit_position, prepare_position, event_id, event_type, stream_name, revision, state)
      SELECT id, 0, -n, -n, n, 'page.Written', 'page-' || n, 0, 'parked' FROM control.builds, generate_series(1, 10001) n`);
    await start();
    await vi.waitFor(
      async () => expect((await listBuilds(writes))[0]?.stopped?.reason).toContain('more than 10000'),
      10_000,
    );
  });

  it('never change the order of a row, nor lose or double an event, whatever fails, is retried and restarted', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), stream: fc.nat(3), page: fc.nat(3), bad: fc.boolean() }) }, // prettier-ignore
      { weight: 1, arbitrary: fc.constant({ kind: 'retry' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'mend' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        log = new FedLog();
        writer = new Writer();
        bad.clear();
        await start();
        const expected: Record<string, string[]> = {};
        for (const [i, one] of steps.entries()) {
          if (one.kind === 'restart') await start();
          else if (one.kind === 'mend') bad.clear();
          else if (one.kind === 'retry') await ask(writes, 'retry-parked', 'pages');
          else {
            const line = `${one.stream}:${i}`;
            if (one.bad) bad.set(line, new Error('no'));
            (expected[`p${one.page}`] ??= []).push(line);
            write(String(one.stream), `p${one.page}`, line);
          }
        }
        await applied();
        // At any moment a row is a beginning of what it will be.
        const before = await rows();
        for (const [page, lines] of Object.entries(before))
          expect(expected[page]?.join(' ').startsWith(lines)).toBe(true);
        bad.clear();
        await ask(writes, 'retry-parked', 'pages');
        const whole = Object.fromEntries(Object.entries(expected).map(([page, lines]) => [page, lines.join(' ')]));
        await vi.waitFor(async () => expect(await rows()).toEqual(whole), 10_000);
        expect(await parked()).toEqual([]);
        await running?.stop();
        running = undefined;
        await database.sql('DELETE FROM control.builds');
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});
