import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineEntity, defineJournal, type Projection } from '../../src/projections/engine/projection.js';
import { isVerified, verify, type Unverified, type Verification } from '../../src/projections/engine/verify.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';
import { metadataOf } from '../support/recorded-event.js';

const put = defineEvent('crate.Put', z.object({ colour: z.string(), parts: z.array(z.int()) }));
const emptied = defineEvent('crate.Emptied', z.object({}));

type Crate = {
  readonly id: string;
  readonly colour: string;
  readonly parts: readonly number[];
  readonly version: number;
};

const idOf = (event: RecordedEvent): string => event.streamName.slice('crate-'.length);

const crates: Projection = defineEntity<Crate>()({
  name: 'crates',
  version: 1,
  shards: 1,
  events: [put, emptied] as const,
  category: 'crate',
  table: {
    name: 'crates',
    columns: { id: 'uuid', colour: 'text', parts: 'json', version: 'int' },
    key: ['id'],
    indexes: ['(workspace_id, colour)'],
  },
  key: (event) => ({ id: idOf(event) }),
  evolve: (_, event) =>
    event.type === 'crate.Emptied' ? undefined : { id: idOf(event), ...event.data, version: event.revision + 1 },
  details: [
    {
      name: 'crate_parts',
      columns: { id: 'uuid', seq: 'int', weight: 'bigint' },
      key: ['id', 'seq'],
      rows: ({ id, parts }) => parts.map((weight, seq) => ({ id, seq, weight })),
    },
  ],
  rollups: [
    {
      name: 'crates_by_colour',
      columns: { colour: 'text', crates: 'bigint', weight: 'bigint' },
      key: ['colour'],
      measures: ['crates', 'weight'],
      contributions: ({ colour, parts }) => [{ colour, crates: 1n, weight: BigInt(parts.reduce((a, b) => a + b, 0)) }],
    },
  ],
});

const journal = defineJournal({
  name: 'crate-journal',
  version: 1,
  events: 'all',
  table: { name: 'crate_journal', columns: { position: 'bigint', type: 'text' }, key: ['position'] },
  rows: ({ position, type }) => [{ position: position.commit, type }],
});

const workspaceId = randomUUID();
const ids = Array.from({ length: 40 }, () => randomUUID());

describe('verify', () => {
  let database: TestDatabase;
  let writes: PostgresWriteDatabase;
  let log: MemoryLog;
  let worker: ProjectionWorker;
  let next = 0;

  function recorded(type: string, data: unknown, id = ids[next % ids.length] ?? ''): RecordedEvent {
    next += 1;
    return {
      id: randomUUID(),
      streamName: `crate-${id}`,
      revision: next,
      position: { commit: BigInt(next * 10), prepare: BigInt(next * 10) },
      type,
      data,
      recordedAt: '2026-03-01T10:00:00.000Z',
      metadata: metadataOf(workspaceId),
    };
  }

  const some = (count: number): RecordedEvent[] =>
    Array.from({ length: count }, (_, i) =>
      i % 7 === 6
        ? recorded(emptied.type, {})
        : recorded(put.type, { colour: ['red', 'blue'][i % 2], parts: [i % 5, i % 3] }),
    );

  async function caughtUp(): Promise<void> {
    const head = await log.head();
    if (head && !(await worker.positions.waitFor(['crates', 'crate-journal'], head, 15_000))) throw new Error('the worker is too slow'); // prettier-ignore
  }

  async function start(): Promise<void> {
    worker = new ProjectionWorker({ log, database: writes, projections: [crates, journal] });
    await worker.start();
  }

  async function look(
    projections: readonly Projection[] = [crates],
    showValues = false,
    by: MemoryLog = log,
  ): Promise<readonly (Verification | Unverified)[]> {
    return verify({ log: by, database: writes, signal: new AbortController().signal, showValues }, projections);
  }

  async function lookAtCrates(showValues = false): Promise<Verification> {
    const [result] = await look([crates], showValues);
    if (!result || !isVerified(result)) throw new Error(`not verified: ${result?.reason ?? ''}`);
    return result;
  }

  const liveSchema = async (projection = 'crates'): Promise<string> => {
    const rows = await database.sql<{ id: string }>(
      "SELECT id FROM control.builds WHERE projection = $1 AND state = 'live'",
      [projection],
    );
    return `build_${rows[0]?.id ?? ''}`;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    writes = new PostgresWriteDatabase(database.url);
  });
  beforeEach(async () => {
    next = 0;
    log = new MemoryLog();
    log.append(...some(700));
    await start();
    await caughtUp();
  });
  afterEach(async () => {
    await worker.stop();
    const shadows = await database.sql("SELECT id FROM control.builds WHERE state = 'shadow'");
    await database.sql('DELETE FROM control.builds');
    if (shadows.length > 0) throw new Error('a shadow was left behind');
  });
  afterAll(async () => {
    await writes.close();
    await database.drop();
  });

  it('finds nothing where nothing was done to it, and leaves nothing behind', async () => {
    const before = await database.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'build_%' ORDER BY 1");
    const results = await look([crates, journal]);
    expect(results).toMatchObject([
      { projection: 'crates', equal: true, tables: [{ table: 'crates', missing: 0, unexpected: 0, different: 0 }, { table: 'crate_parts' }, { table: 'crates_by_colour', rows: 2 }] }, // prettier-ignore
      { projection: 'crate-journal', equal: true, tables: [{ rows: 700 }] },
    ]);
    const [first] = results;
    expect(first && isVerified(first) && first.counts).toEqual([
      { type: emptied.type, log: 100, applied: 100, parked: 0, discarded: 0 },
      { type: put.type, log: 600, applied: 600, parked: 0, discarded: 0 },
    ]);
    expect(await database.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'build_%' ORDER BY 1")).toEqual(before); // prettier-ignore
  });

  it('reads the log once for several projections', async () => {
    const by = new MemoryLog();
    by.append(...log.events);
    await look([crates, journal], false, by);
    expect(by.read).toBe(700);
  });

  it('is not misled by what is written meanwhile', async () => {
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) {
        log.append(...some(20));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    for (let i = 0; i < 3; i++) expect(await look([crates, journal])).toMatchObject([{ equal: true }, { equal: true }]);
    over.abort();
    await writing;
    await caughtUp();
  });

  it('comes to its end on a server that never says that it has caught up', async () => {
    const silent = new MemoryLog(false);
    silent.append(...log.events, { ...recorded('office.Opened', {}) });
    log.append(...silent.events.slice(-1));
    await caughtUp();
    expect(await look([crates], false, silent)).toMatchObject([{ equal: true }]);
  });

  it('names the row, the column and both values of the first difference', async () => {
    const schema = await liveSchema();
    const [row] = await database.sql<{ id: string; version: number }>(`SELECT id, version FROM ${schema}.crates ORDER BY id LIMIT 1`); // prettier-ignore
    await database.sql(`UPDATE ${schema}.crates SET version = 9999, colour = 'green' WHERE id = $1`, [row?.id]);
    const { equal, tables, counts } = await lookAtCrates();
    expect(equal).toBe(false);
    expect(counts.every(({ log: all, applied }) => all === applied)).toBe(true);
    expect(tables[0]).toMatchObject({
      table: 'crates',
      different: 1,
      first: {
        kind: 'different',
        workspaceId,
        key: [{ name: 'id', value: row?.id }],
        // A text may be a name: only that it differs is said.
        columns: [
          { name: 'colour', live: '(hidden)', log: '(hidden)' },
          { name: 'version', live: '9999', log: String(row?.version) },
        ],
      },
    });
    const { tables: shown } = await lookAtCrates(true);
    expect(shown[0]?.first?.columns[0]).toMatchObject({ name: 'colour', live: 'green' });
  });

  it.each([
    ['a row that was taken away', 'DELETE FROM $.crates WHERE id = (SELECT min(id::text)::uuid FROM $.crates)', 'crates', 'missing'],
    ['a row that was added', "INSERT INTO $.crates SELECT workspace_id, gen_random_uuid(), 'red', '[]', 1 FROM $.crates LIMIT 1", 'crates', 'unexpected'],
    ['a row in the name of another workspace', 'UPDATE $.crates SET workspace_id = gen_random_uuid() WHERE id = (SELECT min(id::text)::uuid FROM $.crates)', 'crates', 'missing'],
    ['a detail that was changed', 'UPDATE $.crate_parts SET weight = weight + 1 WHERE ctid = (SELECT min(ctid) FROM $.crate_parts)', 'crate_parts', 'different'],
    ['a sum that is one too high', "UPDATE $.crates_by_colour SET weight = weight + 1 WHERE colour = 'red'", 'crates_by_colour', 'different'],
  ] as const)('finds %s', async (_, sql, table, kind) => {
    await database.sql(sql.replaceAll('$', await liveSchema()));
    const { equal, tables } = await lookAtCrates();
    expect(equal).toBe(false);
    expect(tables.find((compared) => compared.first)).toMatchObject({ table, [kind]: 1 });
  }); // prettier-ignore

  it('finds events that were skipped because a checkpoint was moved by hand', async () => {
    await worker.stop();
    log.append(...some(30));
    const head = await log.head();
    await database.sql(
      `UPDATE control.checkpoints SET commit_position = $1, prepare_position = $1
       WHERE build_id = (SELECT id FROM control.builds WHERE projection = 'crates' AND state = 'live')`,
      [String(head?.commit)],
    );
    await start();
    const { equal, counts } = await lookAtCrates();
    expect(equal).toBe(false);
    expect(counts.reduce((sum, { log: all, applied }) => sum + all - applied, 0)).toBe(30);
  });

  it('finds an event that was applied twice, also where no row tells', async () => {
    await worker.stop();
    await database.sql(
      `UPDATE control.applied_counts SET events = events + 1 WHERE type = $1 AND shard = 0
       AND build_id = (SELECT id FROM control.builds WHERE projection = 'crates' AND state = 'live')`,
      [put.type],
    );
    await start();
    const { equal, counts, tables } = await lookAtCrates();
    expect(tables.every(({ first }) => first === undefined)).toBe(true);
    expect(counts).toMatchObject([{}, { type: put.type, log: 600, applied: 601 }]);
    expect(equal).toBe(false);
  });

  it('compares sums of a build from before types were counted', async () => {
    await database.sql("UPDATE control.applied_counts SET type = '' WHERE type = $1", [put.type]);
    expect(await lookAtCrates()).toMatchObject({ equal: true, counts: [{ type: '', log: 700, applied: 700 }] });
  });

  it('says why it can not look, and looks at the others', async () => {
    const newer = { ...crates, version: 2 };
    const unknown = { ...journal, name: 'nowhere' };
    const results = await look([newer, unknown, journal]);
    expect(results).toMatchObject([
      { projection: 'crates', reason: expect.stringContaining('version 1') },
      { projection: 'nowhere', reason: expect.stringContaining('no build') },
      { projection: 'crate-journal', equal: true },
    ]);
  });

  it('drops what a killed one left behind', async () => {
    const [left] = await database.sql<{ id: string }>(
      `WITH b AS (INSERT INTO control.builds (projection, version, state) VALUES ('crates', 1, 'shadow') RETURNING id)
       INSERT INTO control.checkpoints (build_id) SELECT id FROM b RETURNING build_id AS id`,
    );
    await database.sql(`CREATE SCHEMA build_${left?.id ?? ''}`);
    await look();
    expect(await database.sql('SELECT state FROM control.builds WHERE id = $1', [left?.id])).toEqual([{ state: 'dropped' }]); // prettier-ignore
    expect(await database.sql('SELECT FROM pg_namespace WHERE nspname = $1', [`build_${left?.id ?? ''}`])).toEqual([]);
  });
});
