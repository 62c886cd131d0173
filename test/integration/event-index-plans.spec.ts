import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v7 } from 'uuid';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { eventIndexProjection } from '../../src/projections/audit/event-index.projection.js';
import {
  EventIndexQueries,
  newestFirst,
  oldestFirst,
  type EventFilter,
} from '../../src/projections/audit/event-index.queries.js';
import { ensureBuilds, listBuilds, schemaOf } from '../../src/projections/engine/build-registry.js';
import { TableSql } from '../../src/projections/engine/table-sql.js';
import { ReadDatabase } from '../../src/projections/ports/read-database.port.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Enough that reading all of them shows. */
const EVENTS = 200_000;
/** Far fewer than the table has, and far more than a page. */
const BUFFERS = 700;
const workspaceId = v7();
const uuid = (text: string): string => `md5(${text})::uuid`;

let database: TestDatabase;
/** How many pages of the table and its indexes a statement has touched. */
let touched: number;

/** Explains what it is asked. */
class ExplainingDatabase extends ReadDatabase {
  override async query<Row extends object>(
    _: string,
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<Row[]> {
    const [row] = await database.sql<{ 'QUERY PLAN': readonly [{ Plan: Record<string, number> }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`,
      [...parameters],
    );
    const plan = row?.['QUERY PLAN'][0].Plan ?? {};
    touched = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    return [];
  }
  override waitForPosition(): Promise<'reached'> {
    return Promise.resolve('reached');
  }
}

const index = new EventIndexQueries(new ExplainingDatabase());

async function pagesTouched(filter: EventFilter, order = newestFirst): Promise<number> {
  await index.page(workspaceId, filter, order, { limit: 21, backwards: false }, String(EVENTS));
  return touched;
}

beforeAll(async () => {
  database = await createTestDatabase();
  const writes = new PostgresWriteDatabase(database.url);
  await ensureBuilds(writes, eventIndexProjection);
  const [build] = await listBuilds(writes);
  await writes.close();
  // Types from the commonest to one of which there are two; things with ten events each; imports of 50,000 events each.
  await database.sql(`INSERT INTO read.event_index (workspace_id, position, prepare, event_id, type, category, thing_id, revision,
      actor_kind, actor_id, command_id, correlation_id, causation_id, occurred_at, recorded_at)
    SELECT '${workspaceId}', n, n, ${uuid(`'e' || n`)},
      CASE WHEN n % 100000 = 7 THEN 'work.LabelCreated' WHEN n % 2 = 0 THEN 'sales.SaleRecorded' ELSE 'work.TaskCreated' END,
      CASE WHEN n % 100000 = 7 THEN 'label' WHEN n % 2 = 0 THEN 'sale' ELSE 'task' END,
      ${uuid(`'t' || n / 10`)}, n % 10, 'user', 'user' || n % 1000, ${uuid(`'c' || n`)}, ${uuid(`'r' || n / 50000`)}, ${uuid(`'e' || n - 1`)},
      timestamptz '2025-01-01' + (n * 7919 % ${EVENTS}) * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 second'
    FROM generate_series(1, ${EVENTS}) n`);
  // As when a build has loaded.
  for (const sql of new TableSql(schemaOf(build?.id ?? ''), eventIndexProjection.table).createIndexes())
    await database.sql(sql);
  await database.sql('ANALYZE');
}, 120_000);
afterAll(() => database.drop());

describe('a search of the event history', () => {
  const searches: Record<string, EventFilter> = {
    'nothing in particular': {},
    'one thing': { thingId: '00000000-0000-4000-8000-000000000001' },
    'a frequent kind of thing': { category: 'sale' },
    'a rare kind of thing': { category: 'label' },
    'frequent types': { types: ['sales.SaleRecorded', 'work.TaskCreated'] },
    'a rare type': { types: ['work.LabelCreated'] },
    'a frequent and a rare type': { types: ['work.LabelCreated', 'sales.SaleRecorded'] },
    'an actor': { actorId: 'user7' },
    'nobody': { actorId: 'nobody' },
    'one import': { correlationId: '00000000-0000-4000-8000-000000000002' },
    'a cause': { causationId: '00000000-0000-4000-8000-000000000003' },
    'what was recorded long ago': { recordedUntil: '2026-01-01T01:00:00.000Z' },
    'what was recorded lately': { recordedFrom: '2026-01-03T06:00:00.000Z' },
    'what was recorded in an hour between': { recordedFrom: '2026-01-02T00:00:00.000Z', recordedUntil: '2026-01-02T01:00:00.000Z' },
    'what was recorded in no time at all': { recordedFrom: '2030-01-01T00:00:00.000Z' },
    'what happened on a day': { occurredFrom: '2025-02-01T00:00:00.000Z', occurredUntil: '2025-02-01T06:00:00.000Z' },
    'what happened in most of the time': { occurredFrom: '2025-01-10T00:00:00.000Z' },
    'a rare type of an actor': { types: ['work.LabelCreated'], actorId: 'user7' },
  }; // prettier-ignore

  it.each(Object.entries(searches))('for %s reads what it shows and little more', async (_, filter) => {
    expect(await pagesTouched(filter)).toBeLessThan(BUFFERS);
    expect(await pagesTouched(filter, oldestFirst)).toBeLessThan(BUFFERS);
  });

  it('reads all of it, were there no index', async () => {
    await index.count(workspaceId, {}, String(EVENTS), EVENTS);
    expect(touched).toBeGreaterThan(BUFFERS);
  });

  it('finds one event by its id, and what it led to, by an index', async () => {
    await index.byIds(workspaceId, [v7()]);
    expect(touched).toBeLessThan(20);
    await index.causedBy(workspaceId, [v7(), v7()], 201);
    expect(touched).toBeLessThan(20);
  });

  it('finds the last event recorded before an instant by an index', async () => {
    const [{ middle } = { middle: '' }] = await database.sql<{ middle: string }>(
      `SELECT to_json(recorded_at)#>>'{}' AS middle FROM read.event_index ORDER BY position OFFSET ${EVENTS / 2} LIMIT 1`,
    );
    await index.lastRecordedBefore(workspaceId, middle);
    expect(touched).toBeLessThan(20);
  });
});
