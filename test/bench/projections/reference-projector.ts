/**
 * What somebody would write without an engine: `for await` over the same client, the same pure functions, and one upsert for each
 * table and batch into the same tables, indexes made at the end. No checkpoint, no build beside a live one, no row-level
 * security, nothing that survives a crash. One transaction for each batch, not waiting for the disk, as the engine's.
 */
import { Client } from 'pg';
import type { RecordedEvent } from '../../../src/domain/shared/recorded-event.js';
import { plus, times, type Whole } from '../../../src/domain/shared/whole.js';
import type { EventLog } from '../../../src/projections/ports/event-log.port.js';
import { columnOf, tablesOf, type EntityProjection, type Row, type Table } from '../../../src/projections/engine/projection.js'; // prettier-ignore
import { salesProjection } from '../../../src/projections/sales/sales.projection.js';

const SCHEMA = 'reference';
const BATCH = 1_000;
/** Sales that are corrected or given back are mostly recent: those are folded on from memory, others are not expected. */
const MOST_SALES = 20_000;

const quote = (name: string): string => `"${name}"`;
const projection: EntityProjection = salesProjection;

/** @returns how many events it applied */
export async function runReference(log: EventLog, databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl, options: '-c synchronous_commit=off -c timezone=UTC' });
  await client.connect();
  try {
    await client.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`);
    for (const table of tablesOf(projection)) await client.query(createText(table));
    const stop = new AbortController();
    let batch: RecordedEvent[] = [];
    let applied = 0;
    const apply = async (): Promise<void> => {
      applied += batch.length;
      await applyBatch(client, batch);
      batch = [];
    };
    const typePrefixes = projection.events.map(({ type }) => type);
    for await (const items of log.subscribe({ typePrefixes, signal: stop.signal })) {
      for (const item of items) {
        if (item.kind === 'malformed') throw item.error;
        if (item.kind === 'event') batch.push(item.event);
        if (batch.length === BATCH) await apply();
      }
      if (items.some(({ kind }) => kind === 'caughtUp')) break;
    }
    await apply();
    for (const table of tablesOf(projection)) {
      for (const columns of table.indexes ?? []) await client.query(`CREATE INDEX ON ${placeOf(table)} ${columns}`);
      await client.query(`ANALYZE ${placeOf(table)}`);
    }
    return applied;
  } finally {
    await client.end();
  }
}

/** By stream. A Map remembers the order of insertion, so that the first is the one that rested longest. */
const sales = new Map<string, Row>();

async function applyBatch(client: Client, events: readonly RecordedEvent[]): Promise<void> {
  const entities = new Map<string, Row>();
  const rollups = (projection.rollups ?? []).map((table) => ({ table, sums: new Map<string, Row>() }));
  for (const event of events) {
    const { workspaceId } = event.metadata;
    const before = sales.get(event.streamName);
    if (event.revision > 0 && !before) throw new Error(`${event.streamName} is older than the reference remembers`);
    const after = projection.evolve(before, event);
    if (!after) continue;
    sales.delete(event.streamName);
    sales.set(event.streamName, after);
    entities.set(event.streamName, { workspace_id: workspaceId, ...after });
    for (const { table, sums } of rollups) {
      if (before) addUp(table, sums, workspaceId, table.contributions(before), -1);
      addUp(table, sums, workspaceId, table.contributions(after), 1);
    }
  }
  for (const stream of sales.keys()) {
    if (sales.size <= MOST_SALES) break;
    sales.delete(stream);
  }
  await client.query('BEGIN');
  await upsert(client, projection.table, [], [...entities.values()]);
  for (const { table, sums } of rollups) await upsert(client, table, table.measures, [...sums.values()]);
  await client.query('COMMIT');
}

function addUp(
  table: NonNullable<EntityProjection['rollups']>[number],
  sums: Map<string, Row>,
  workspaceId: string,
  rows: readonly Row[],
  sign: 1 | -1,
): void {
  for (const row of rows) {
    const key = JSON.stringify([workspaceId, ...table.key.map((name) => row[name])]);
    const sum: Record<string, Row[string]> = sums.get(key) ?? { workspace_id: workspaceId, ...row };
    const isNew = !sums.has(key);
    for (const name of table.measures) {
      sum[name] = plus(isNew ? 0 : (sum[name] as Whole), times(sign, row[name] as Whole));
    }
    sums.set(key, sum);
  }
}

const placeOf = (table: Table): string => `${SCHEMA}.${quote(table.name)}`;

function createText(table: Table): string {
  const columns = Object.entries(table.columns).map(([name, spec]) => {
    const { type, nullable, collate } = columnOf(spec);
    return `${quote(name)} ${type}${collate ? ` COLLATE "${collate}"` : ''}${nullable ? '' : ' NOT NULL'}`;
  });
  const key = ['workspace_id', ...table.key].map(quote).join(', ');
  return `CREATE TABLE ${placeOf(table)} (workspace_id uuid NOT NULL, ${columns.join(', ')}, PRIMARY KEY (${key}))`;
}

async function upsert(client: Client, table: Table, measures: readonly string[], rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const columns: [name: string, type: string][] = [['workspace_id', 'uuid'], ...Object.entries(table.columns).map(([name, spec]): [string, string] => [name, columnOf(spec).type])]; // prettier-ignore
  const key = ['workspace_id', ...table.key];
  const isSum = new Set(measures);
  const set = columns
    .filter(([name]) => !key.includes(name))
    .map(([name]) => `${quote(name)} = ${isSum.has(name) ? `t.${quote(name)} + ` : ''}excluded.${quote(name)}`);
  await client.query({
    name: table.name,
    text: `INSERT INTO ${placeOf(table)} AS t (${columns.map(([name]) => quote(name)).join(', ')})
      SELECT * FROM unnest(${columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})
      ON CONFLICT (${key.map(quote).join(', ')}) DO UPDATE SET ${set.join(', ')}`,
    values: columns.map(([name, type]) => rows.map((row) => (type === 'json' ? JSON.stringify(row[name]) : row[name]))),
  });
}
