/** One batch of events into one build: rows, details, rollups and checkpoint in one transaction. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { schemaOf } from './build-registry.js';
import { moveCheckpoints, type Move } from './checkpoints.js';
import {
  detailWrites,
  entityWrites,
  FoldFailure,
  foldEvents,
  keyEvents,
  rollupWrites,
  rowKey,
  type Change,
  type KeyedEvent,
  type RowKey,
} from './fold.js';
import type { DetailTable, EntityProjection, JournalProjection, Projection, RollupTable, Row } from './projection.js';
import { RowCache } from './row-cache.js';
import { TableSql, type TenantRow } from './table-sql.js';

export interface BatchWriter {
  /**
   * Applies the events and moves the checkpoint, or neither.
   * @throws FoldFailure when the projection can't take an event, CheckpointLost, DatabaseError
   */
  apply(events: readonly RecordedEvent[], move: Move): Promise<void>;
}

export const createBatchWriter = (database: WriteDatabase, projection: Projection, buildId: string): BatchWriter =>
  projection.kind === 'journal'
    ? new JournalWriter(database, projection, buildId)
    : new EntityWriter(database, projection, buildId);

class EntityWriter implements BatchWriter {
  readonly #rows: TableSql;
  readonly #details: readonly { readonly table: DetailTable<Row>; readonly sql: TableSql }[];
  readonly #rollups: readonly { readonly table: RollupTable<Row>; readonly sql: TableSql }[];
  readonly #cache = new RowCache();

  constructor(
    private readonly database: WriteDatabase,
    private readonly projection: EntityProjection,
    buildId: string,
  ) {
    const schema = schemaOf(buildId);
    this.#rows = new TableSql(schema, projection.table);
    this.#details = (projection.details ?? []).map((table) => ({ table, sql: new TableSql(schema, table) }));
    this.#rollups = (projection.rollups ?? []).map((table) => ({
      table,
      sql: new TableSql(schema, table, table.measures),
    }));
  }

  async apply(events: readonly RecordedEvent[], move: Move): Promise<void> {
    const keyed = keyEvents(this.projection, events);
    try {
      const changes = await this.database.transaction(async (session) => {
        const before = await this.#load(session, keyed);
        const folded = foldEvents(this.projection, keyed, before, (event) => events.indexOf(event));
        await this.#write(session, folded);
        await moveCheckpoints(session, [move]);
        return folded;
      });
      for (const [key, { after }] of changes) this.#cache.set(key, after ?? null);
    } catch (error) {
      // A pure function's refusal leaves the rows as they were; anything else leaves us not knowing.
      if (!(error instanceof FoldFailure)) this.#cache.clear();
      throw error;
    }
  }

  /** Once per batch, and only what is not in memory. */
  async #load(session: WriteSession, events: readonly KeyedEvent[]): Promise<ReadonlyMap<RowKey, Row>> {
    const rows = new Map<RowKey, Row>();
    const missing = new Map<RowKey, TenantRow>();
    for (const { event, key, rowKey: at } of events) {
      const known = this.#cache.get(at);
      if (known) rows.set(at, known);
      else if (known === undefined) missing.set(at, { workspaceId: event.metadata.workspaceId, row: key });
    }
    if (missing.size === 0) return rows;
    for (const texts of await session.query(this.#rows.load([...missing.values()]))) {
      const { workspaceId, row } = this.#rows.decode(texts);
      rows.set(rowKey(workspaceId, this.projection.table.key, row), row);
    }
    return rows;
  }

  async #write(session: WriteSession, changes: Map<RowKey, Change>): Promise<void> {
    if (changes.size === 0) return;
    const { put, removed } = entityWrites(changes);
    if (removed.length > 0) await session.query(this.#rows.remove(removed));
    if (put.length > 0) await session.query(this.#rows.upsert(put));
    for (const { table, sql } of this.#details) {
      const writes = detailWrites(table, changes);
      if (writes.removed.length > 0) await session.query(sql.remove(writes.removed));
      if (writes.put.length > 0) await session.query(sql.upsert(writes.put));
    }
    for (const { table, sql } of this.#rollups) {
      const sums = rollupWrites(table, changes);
      if (sums.length === 0) continue;
      const zero = await session.query(sql.add(sums));
      if (zero.length > 0) await session.query(sql.remove(zero.map((texts) => sql.decodeKey(texts))));
    }
  }
}

class JournalWriter implements BatchWriter {
  readonly #table: TableSql;

  constructor(
    private readonly database: WriteDatabase,
    private readonly projection: JournalProjection,
    buildId: string,
  ) {
    this.#table = new TableSql(schemaOf(buildId), projection.table);
  }

  async apply(events: readonly RecordedEvent[], move: Move): Promise<void> {
    const rows: TenantRow[] = [];
    for (const [i, event] of events.entries()) {
      try {
        const { workspaceId } = event.metadata;
        for (const row of this.projection.rows(event)) rows.push({ workspaceId, row });
      } catch (error) {
        throw new FoldFailure(i, error);
      }
    }
    await this.database.transaction(async (session) => {
      if (rows.length > 0) await session.query(this.#table.insert(rows));
      await moveCheckpoints(session, [move]);
    });
  }
}
