/** One batch of events into one build: what is written to its rows, details and rollups. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { Statement, WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { countTypes, type TypeCounts } from './applied-counts.js';
import { schemaOf } from './build-registry.js';
import {
  detailWrites,
  entityWrites,
  FoldFailure,
  foldEvents,
  keyEvents,
  rowKey,
  type Change,
  type KeyedEvent,
  type RowKey,
} from './fold.js';
import type {
  DetailTable,
  EntityProjection,
  JournalProjection,
  Projection,
  RollupTable,
  Row,
  TenantRow,
} from './projection.js';
import { inOrder, rollupSums } from './rollup-sums.js';
import { RowCache } from './row-cache.js';
import { tableSql, type TableSql } from './table-sql.js';

/** A batch that was folded. */
export interface FoldedBatch {
  /** What was folded, by type: counted when it is written. */
  readonly counts: TypeCounts;
  /** It adds to rows that other shares of the build add to as well. */
  readonly sharesRows: boolean;
  /** Sends all statements at once; the session keeps their order. In one transaction with the checkpoint, as often as it takes. */
  write(session: WriteSession): Promise<void>;
}

export interface BatchWriter {
  /**
   * Loads the rows that the events change, and folds. The rows are from then on taken as written: fold the next batch while
   * this one is written, and call `forget` when that fails.
   * @param bytes about what the events take in memory
   * @throws FoldFailure when the projection can't take an event, DatabaseError
   */
  fold(events: readonly RecordedEvent[], bytes: number): Promise<FoldedBatch>;
  /** Nobody knows what is in the tables: they are asked again. */
  forget(): void;
  /** The build has been indexed: from here on sums are added to what is there. */
  indexed(): void;
}

export const createBatchWriter = (
  database: Pick<WriteDatabase, 'query'>,
  projection: Projection,
  buildId: string,
  sums: 'add' | 'append',
): BatchWriter =>
  projection.kind === 'journal'
    ? new JournalWriter(projection, buildId)
    : new EntityWriter(database, projection, buildId, sums);

class EntityWriter implements BatchWriter {
  readonly #rows: TableSql;
  readonly #details: readonly { readonly table: DetailTable<Row>; readonly sql: TableSql }[];
  readonly #rollups: readonly { readonly table: RollupTable<Row>; readonly sql: TableSql }[];
  readonly #cache = new RowCache();

  constructor(
    private readonly database: Pick<WriteDatabase, 'query'>,
    private readonly projection: EntityProjection,
    buildId: string,
    /** `append` before it is indexed, where it was made so. */
    private sums: 'add' | 'append',
  ) {
    const schema = schemaOf(buildId);
    this.#rows = tableSql(schema, projection.table);
    this.#details = (projection.details ?? []).map((table) => ({ table, sql: tableSql(schema, table) }));
    this.#rollups = (projection.rollups ?? []).map((table) => ({ table, sql: tableSql(schema, table) }));
  }

  async fold(events: readonly RecordedEvent[], bytes: number): Promise<FoldedBatch> {
    const keyed = keyEvents(this.projection, events);
    const before = await this.#load(keyed);
    const changes = foldEvents(this.projection, keyed, before, (event) => events.indexOf(event));
    const writes = this.#encoded(changes);
    for (const [key, { after }] of changes) this.#cache.set(key, after ?? null, bytes / changes.size);
    const sharesRows = writes.sums.length > 0;
    return { counts: countTypes(events), sharesRows, write: async (session) => this.#write(session, writes) };
  }

  forget(): void {
    this.#cache.clear();
  }

  indexed(): void {
    this.sums = 'add';
  }

  /** Once per batch, and only what is not in memory. Outside of the transaction: nobody else writes these rows. */
  async #load(events: readonly KeyedEvent[]): Promise<ReadonlyMap<RowKey, Row>> {
    const rows = new Map<RowKey, Row>();
    const missing = new Map<RowKey, TenantRow>();
    for (const { event, key, rowKey: at } of events) {
      const known = this.#cache.get(at);
      if (known) rows.set(at, known);
      // Where one stream is one row, there is none before the stream's first event: most of what a build would ask for.
      else if (known === undefined && event.revision === 0 && this.projection.category !== undefined)
        this.#cache.set(at, null, 0);
      else if (known === undefined) missing.set(at, { workspaceId: event.metadata.workspaceId, row: key });
    }
    if (missing.size === 0) return rows;
    for (const texts of await this.database.query(this.#loading([...missing.values()]))) {
      const { workspaceId, row } = this.#rows.decode(texts);
      rows.set(rowKey(workspaceId, this.projection.table.key, row), row);
    }
    return rows;
  }

  #loading(keys: readonly TenantRow[]): Statement {
    try {
      return this.#rows.load(keys);
    } catch (error) {
      throw new FoldFailure(undefined, error);
    }
  }

  #encoded(changes: Map<RowKey, Change>): Writes {
    try {
      return this.#writesOf(changes);
    } catch (error) {
      // Details, contributions, or a value that its column does not take: of one of the rows.
      throw new FoldFailure(undefined, error);
    }
  }

  /** The statements of a batch; `sums` are followed by what takes away the rows that came to nothing. */
  #writesOf(changes: Map<RowKey, Change>): Writes {
    const statements: Statement[] = [];
    const sums: Writes['sums'][number][] = [];
    if (changes.size === 0) return { statements, sums };
    const { put, removed } = entityWrites(changes);
    if (removed.length > 0) statements.push(this.#rows.remove(removed));
    if (put.length > 0) statements.push(this.#rows.upsert(put));
    for (const { table, sql } of this.#details) {
      const writes = detailWrites(table, changes);
      if (writes.removed.length > 0) statements.push(sql.remove(writes.removed));
      if (writes.put.length > 0) statements.push(sql.upsert(writes.put));
    }
    for (const { table, sql } of this.#rollups) {
      const added = rollupSums(table, changes);
      if (added.length === 0) continue;
      if (this.sums === 'append') statements.push(sql.append(added));
      else sums.push({ sql, add: sql.add(inOrder(added)) });
    }
    return { statements, sums };
  }

  async #write(session: WriteSession, { statements, sums }: Writes): Promise<void> {
    await Promise.all([
      ...statements.map(async (statement) => session.query(statement)),
      ...sums.map(async ({ sql, add }) => {
        const zero = await session.query(add);
        if (zero.length > 0) await session.query(sql.remove(zero.map((texts) => sql.decodeKey(texts))));
      }),
    ]);
  }
}

interface Writes {
  readonly statements: readonly Statement[];
  readonly sums: readonly { readonly sql: TableSql; readonly add: Statement }[];
}

class JournalWriter implements BatchWriter {
  readonly #table: TableSql;

  constructor(
    private readonly projection: JournalProjection,
    buildId: string,
  ) {
    this.#table = tableSql(schemaOf(buildId), projection.table);
  }

  async fold(events: readonly RecordedEvent[]): Promise<FoldedBatch> {
    const rows: TenantRow[] = [];
    for (const [i, event] of events.entries()) {
      try {
        const { workspaceId } = event.metadata;
        for (const row of this.projection.rows(event)) rows.push({ workspaceId, row });
      } catch (error) {
        throw new FoldFailure(i, error);
      }
    }
    const counts = countTypes(events);
    const sharesRows = false;
    if (rows.length === 0) return { counts, sharesRows, write: async () => undefined };
    const statement = this.#inserting(rows);
    return { counts, sharesRows, write: async (session) => void (await session.query(statement)) };
  }

  #inserting(rows: readonly TenantRow[]): Statement {
    try {
      return this.#table.insert(rows);
    } catch (error) {
      throw new FoldFailure(undefined, error);
    }
  }

  forget(): void {}

  indexed(): void {}
}
