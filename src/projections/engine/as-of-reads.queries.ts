/**
 * Reads of a past state. A query that is asked inside `within` is answered from the builds as of then instead of the views
 * that serve, table by table, so that no query knows of it; row-level security holds there as everywhere. What is loaded by
 * its id needs no build: its stream is folded, and the query runs over the rows that come of it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { asOfText, type AsOf } from '../ports/as-of.js';
import { ReadDatabase, type Behind } from '../ports/read-database.port.js';
import { tablesOf, type EntityProjection, type Projection, type Row, type TenantRow } from './projection.js';
import { TableSql } from './table-sql.js';
import type { ThingHistory } from './thing-history.queries.js';

/** No build of this projection as of then is there. */
export class AsOfNotBuilt extends Error {
  override readonly name = 'AsOfNotBuilt';
  readonly code = 'AS_OF_NOT_BUILT';
  constructor(
    readonly projection: string,
    readonly asOf: AsOf,
  ) {
    super(`The read model "${projection}" has not been built as of ${asOfText(asOf)}.`);
  }
}

/** What one field and everything below it reads from. */
export interface AsOfScope {
  readonly asOf: AsOf;
  readonly reads: AsOfReads;
  /** By projection, as they were found; a build that is dropped meanwhile fails the query. */
  readonly builds: Map<string, Promise<string | undefined>>;
  /** Folded from their streams, by table. */
  readonly rows: ReadonlyMap<string, readonly TenantRow[]>;
}

/** Streams read at the same time for one loader. */
const AT_ONCE = 8;
/** A page of things, each with a few others. More of them are for a build. */
const MOST_FOLDED = 500;

const storage = new AsyncLocalStorage<AsOfScope>();

export const currentAsOf = (): AsOfScope | undefined => storage.getStore();

/** Runs work that reads as of then. */
export const within = <T>(scope: AsOfScope, work: () => T): T => storage.run(scope, work);

/** While no read as of then is under way: following promises costs every request. */
export const restWhenUnused = (): void => storage.disable();

export class AsOfReads extends ReadDatabase {
  readonly #projections = new Map<string, Projection>();
  readonly #entities = new Map<string, EntityProjection>();

  constructor(
    private readonly live: ReadDatabase,
    private readonly history: ThingHistory,
    projections: readonly Projection[],
  ) {
    super();
    for (const projection of projections) {
      for (const { name } of tablesOf(projection)) this.#projections.set(name, projection);
      if (projection.kind === 'entity' && projection.category) this.#entities.set(projection.category, projection);
    }
  }

  scopeOf(asOf: AsOf): AsOfScope {
    return { asOf, reads: this, builds: new Map(), rows: new Map() };
  }

  override async query<R extends object>(
    workspaceId: string,
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<R[]> {
    const scope = currentAsOf();
    if (!scope) return this.live.query(workspaceId, sql, parameters);
    const places = new Map<string, string>();
    for (const [, table = ''] of sql.matchAll(READ_TABLE)) {
      if (!scope.rows.has(table)) places.set(table, await this.#place(workspaceId, scope, table));
    }
    const given = [...scope.rows].filter(([table]) => new RegExp(`\\bread\\.${table}\\b`).test(sql));
    const bound = sql.replace(READ_TABLE, (_, table: string) => places.get(table) ?? `"${table}"`);
    return this.live.query(workspaceId, ...this.#withRows(bound, parameters, given));
  }

  override async waitForPosition(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs?: number,
  ): Promise<'reached' | Behind> {
    return this.live.waitForPosition(projections, position, timeoutMs);
  }

  /**
   * Runs a loader's query for things of this category: over their build as of then where there is one, else over the rows
   * that their streams give.
   * @throws AsOfNotBuilt for more things than are read one by one
   */
  async loadingThings<T>(
    workspaceId: string,
    category: string,
    ids: readonly string[],
    load: () => Promise<T>,
  ): Promise<T> {
    const scope = currentAsOf();
    const projection = this.#entities.get(category);
    if (!scope || !projection || (await this.#buildOf(workspaceId, scope, projection))) return load();
    if (ids.length > MOST_FOLDED) throw new AsOfNotBuilt(projection.name, scope.asOf);
    const states: Row[] = [];
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const reads = ids
        .slice(start, start + AT_ONCE)
        .map((id) => this.history.stateAt(workspaceId, category, id, scope.asOf));
      for (const state of await Promise.all(reads)) if (state) states.push(state.row);
    }
    const rows = new Map([[projection.table.name, states.map((row) => ({ workspaceId, row }))]]);
    for (const detail of projection.details ?? []) {
      rows.set(detail.name, states.flatMap((state) => detail.rows(state).map((row) => ({ workspaceId, row })))); // prettier-ignore
    }
    return within({ ...scope, rows }, load);
  }

  async #place(workspaceId: string, scope: AsOfScope, table: string): Promise<string> {
    const projection = this.#projections.get(table);
    if (!projection) throw new Error(`no projection has a table ${table}`);
    const build = await this.#buildOf(workspaceId, scope, projection);
    if (build === undefined) throw new AsOfNotBuilt(projection.name, scope.asOf);
    return `build_${build}."${table}"`;
  }

  async #buildOf(
    workspaceId: string,
    { asOf, builds }: AsOfScope,
    projection: Projection,
  ): Promise<string | undefined> {
    const known = builds.get(projection.name) ?? this.#findBuild(workspaceId, asOf, projection);
    builds.set(projection.name, known);
    return known;
  }

  async #findBuild(workspaceId: string, asOf: AsOf, { name, version }: Projection): Promise<string | undefined> {
    const [field, given] =
      'position' in asOf
        ? [
            'as_of_commit = $3::bigint AND as_of_prepare = $4::bigint',
            [String(asOf.position.commit), String(asOf.position.prepare)],
          ]
        : ['as_of_recorded = $3::timestamptz', [asOf.recordedAt]];
    const rows = await this.live.query<{ id: string }>(
      workspaceId,
      `SELECT id FROM control.builds WHERE projection = $1 AND version = $2 AND state = 'as_of' AND indexed AND ${field}`,
      [name, version, ...given],
    );
    return rows[0]?.id;
  }

  /** Tables of the rows that were given, in front of the query, under the names that it uses. */
  #withRows(
    sql: string,
    parameters: readonly unknown[],
    given: readonly (readonly [table: string, rows: readonly TenantRow[]])[],
  ): [sql: string, parameters: readonly unknown[]] {
    if (given.length === 0) return [sql, parameters];
    const values: unknown[] = [...parameters];
    const tables = given.map(([name, rows]) => {
      const projection = this.#projections.get(name);
      const table = projection && tablesOf(projection).find((declared) => declared.name === name);
      if (!table) throw new Error(`no projection has a table ${name}`);
      const { text, values: own } = new TableSql('read', table).asTable(rows, values.length + 1);
      values.push(...own);
      return `"${name}" AS (${text})`;
    });
    const rest = /^\s*WITH\s/i.test(sql) ? sql.replace(/^\s*WITH\s/i, ', ') : sql;
    return [`WITH ${tables.join(', ')} ${rest}`, values];
  }
}

const READ_TABLE = /\bread\.([a-z_]+)\b/g;
