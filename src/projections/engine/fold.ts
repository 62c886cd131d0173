/** From the rows before and a batch of events to the rows after, and to what has to be written; sums are in rollup-sums.ts. Pure. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { DetailTable, EntityProjection, Row, TenantRow, Value } from './projection.js';

/** What one batch did to one entity. */
export interface Change {
  readonly workspaceId: string;
  readonly key: Row;
  readonly before: Row | undefined;
  after: Row | undefined;
}

/** By workspace and key, as text. Sorted before writing, so that neighbours in an index are written together, in the same order by everybody. */
export type RowKey = string;

const SEPARATOR = '\u001F';

export const rowKey = (workspaceId: string, names: readonly string[], row: Row): RowKey =>
  workspaceId + keyText(names, row);

/** Of a row within its workspace. */
export function keyText(names: readonly string[], row: Row): string {
  let text = '';
  for (const name of names) text += SEPARATOR + valueText(row[name]);
  return text;
}

const valueText = (value: Value | undefined): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

export interface KeyedEvent {
  readonly event: RecordedEvent;
  readonly key: Row;
  readonly rowKey: RowKey;
}

/** An event that this projection can't apply. `index` is its place in the batch, where that can be told. */
export class FoldFailure extends Error {
  override readonly name = 'FoldFailure';
  constructor(
    readonly index: number | undefined,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The entity that each event is about; events about none are left out. @throws FoldFailure */
export function keyEvents(projection: EntityProjection, events: readonly RecordedEvent[]): KeyedEvent[] {
  const keyed: KeyedEvent[] = [];
  for (const [i, event] of events.entries()) {
    try {
      const key = projection.key(event);
      if (key) keyed.push({ event, key, rowKey: rowKey(event.metadata.workspaceId, projection.table.key, key) });
    } catch (error) {
      throw new FoldFailure(i, error);
    }
  }
  return keyed;
}

/** @throws FoldFailure */
export function foldEvents(
  projection: EntityProjection,
  events: readonly KeyedEvent[],
  rows: ReadonlyMap<RowKey, Row>,
  indexOf: (event: RecordedEvent) => number,
): Map<RowKey, Change> {
  const changes = new Map<RowKey, Change>();
  for (const { event, key, rowKey: at } of events) {
    let change = changes.get(at);
    if (!change) {
      const before = rows.get(at);
      change = { workspaceId: event.metadata.workspaceId, key, before, after: before };
      changes.set(at, change);
    }
    try {
      change.after = projection.evolve(change.after, event);
    } catch (error) {
      throw new FoldFailure(indexOf(event), error);
    }
  }
  for (const [at, { before, after }] of changes) if (before === after) changes.delete(at);
  return changes;
}

export interface TableWrites {
  readonly put: readonly TenantRow[];
  readonly removed: readonly TenantRow[];
}

const sorted = <T>(entries: ReadonlyMap<RowKey, T>): T[] => {
  const values: T[] = [];
  for (const key of [...entries.keys()].toSorted()) {
    const value = entries.get(key);
    if (value !== undefined) values.push(value);
  }
  return values;
};

export function entityWrites(changes: Map<RowKey, Change>): TableWrites {
  const put: TenantRow[] = [];
  const removed: TenantRow[] = [];
  for (const { workspaceId, key, before, after } of sorted(changes)) {
    if (after) put.push({ workspaceId, row: after });
    else if (before) removed.push({ workspaceId, row: key });
  }
  return { put, removed };
}

/** The difference between the rows that belong to the entity before and after. */
export function detailWrites(table: DetailTable<Row>, changes: Map<RowKey, Change>): TableWrites {
  const put = new Map<RowKey, TenantRow>();
  const removed = new Map<RowKey, TenantRow>();
  for (const { workspaceId, before, after } of changes.values()) {
    const old = new Map(before && table.rows(before).map((row) => [rowKey(workspaceId, table.key, row), row]));
    for (const row of after ? table.rows(after) : []) {
      const at = rowKey(workspaceId, table.key, row);
      const was = old.get(at);
      old.delete(at);
      if (!was || !sameRow(table, was, row)) put.set(at, { workspaceId, row });
    }
    for (const [at, row] of old) removed.set(at, { workspaceId, row });
  }
  return { put: sorted(put), removed: sorted(removed) };
}

function sameRow(table: DetailTable<Row>, a: Row, b: Row): boolean {
  for (const name in table.columns) {
    const [x, y] = [a[name], b[name]];
    if (x === y) continue;
    // Objects that read the same are the same; objects whose fields came back in another order are merely written once more.
    if (typeof x !== 'object' || typeof y !== 'object' || JSON.stringify(x) !== JSON.stringify(y)) return false;
  }
  return true;
}
