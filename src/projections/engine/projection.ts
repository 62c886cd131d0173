/**
 * What a projection is: a name, a version, its tables, the event types it takes, and pure functions. The engine does the
 * rest: batches, transactions, checkpoints, builds, row-level security.
 *
 * One entity is folded from its events into one row (`evolve`). Everything else is a function of that row:
 * - `details`: rows that belong to it (a task's status spans, a sale's lines);
 * - `rollups`: sums over all rows, as what each row contributes (a sale adds to its day, its product, its country).
 * On every change the engine writes the difference between what the row before and the row after give, so
 * amendments, refunds and corrections come out right without a line about them in the rollup.
 */
import type { EventDefinition, EventOf } from '../../domain/shared/event.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';

/** Postgres types a column may have. Arrays and JSON are given as JavaScript values; JSON is kept as text, which costs a third of jsonb, and read whole; bigint and numeric as bigint or string. */
export type ColumnType =
  | 'uuid' | 'uuid[]' | 'text' | 'text[]' | 'int' | 'bigint' | 'numeric' | 'boolean' | 'date' | 'time' | 'timestamptz' | 'json'; // prettier-ignore

export interface Column {
  readonly type: ColumnType;
  readonly nullable?: true;
  /** Text compared by bytes, for ordering keys. */
  readonly collate?: 'C';
}

export type ColumnSpec = ColumnType | Column;

export const columnOf = (spec: ColumnSpec): Column => (typeof spec === 'string' ? { type: spec } : spec);

/** A value as a row holds it: null for SQL NULL; timestamps as ISO strings, dates as YYYY-MM-DD. */
export type Value = string | number | bigint | boolean | null | readonly string[] | object;
export type Row = Readonly<Record<string, Value>>;
/** A row with its workspace. */
export interface TenantRow {
  readonly workspaceId: string;
  readonly row: Row;
}

/** The engine adds `workspace_id uuid not null` to every table, first in its key, and row-level security by it. */
export interface Table {
  /** The view that queries read: `read.<name>`. Unique over all projections. */
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnSpec>>;
  /** The primary key, after workspace_id. */
  readonly key: readonly string[];
  /** Further indexes, made after a build has loaded: `(workspace_id, project_id, status, position)`. Each says which query needs it, in a comment. */
  readonly indexes?: readonly string[];
}

export interface DetailTable<State extends Row> extends Table {
  /** The rows that belong to this one. `parent` columns of the key come first in each row and are the entity's own key. */
  readonly rows: (state: State) => readonly Row[];
}

export interface RollupTable<State extends Row> extends Table {
  /** bigint or numeric columns that are sums; a row whose measures are all zero is deleted. */
  readonly measures: readonly string[];
  /** What this entity adds: key and measures. Rows with the same key are added up. */
  readonly contributions: (state: State) => readonly Row[];
}

/** One row per entity, folded from its events. */
export interface EntityProjection<
  State extends Row = Row,
  Definitions extends readonly EventDefinition[] = readonly EventDefinition[],
> {
  readonly kind: 'entity';
  readonly name: string;
  /** Raise it when the tables or the functions change: the new version is built beside the old one and takes over. */
  readonly version: number;
  /**
   * Into how many shares the work of a build is divided, among worker processes and within one; 1 unless given, at most 64.
   * An event belongs to the share that its stream's name says, so that
   * more than one is only for projections whose every entity is folded from the events of exactly one stream.
   * Fixed when a build's tables are made: another number is for the next build, and so a reason for a new version.
   */
  readonly shards?: number;
  readonly events: Definitions;
  /** Set when one stream is one row: the streams `<category>-<uuid>`. A single thing as of then is folded from its stream alone. */
  readonly category?: string;
  /** The entity's table. Its columns are the whole state. */
  readonly table: Table;
  /** The entity's key (without workspace) that this event changes; undefined when it changes none. */
  readonly key: (event: RecordedEvent<EventOf<Definitions[number]>>) => Row | undefined;
  /** The row after this event; undefined deletes it. */
  readonly evolve: (state: State | undefined, event: RecordedEvent<EventOf<Definitions[number]>>) => State | undefined;
  readonly details?: readonly DetailTable<State>[];
  readonly rollups?: readonly RollupTable<State>[];
}

/** Rows that are only ever added, several per event, such as the auditors' event index. Nothing is loaded. */
export interface JournalProjection<Definitions extends readonly EventDefinition[] = readonly EventDefinition[]> {
  readonly kind: 'journal';
  readonly name: string;
  readonly version: number;
  /**
   * Into how many shares the work of a build is divided, among worker processes and within one; 1 unless given, at most 64.
   * An event belongs to the share that its stream's name says.
   * Fixed when a build's tables are made: another number is for the next build, and so a reason for a new version.
   */
  readonly shards?: number;
  /** `'all'`: every event of every capability. */
  readonly events: Definitions | 'all';
  readonly table: Table;
  readonly rows: (event: RecordedEvent) => readonly Row[];
}

export type Projection = EntityProjection | JournalProjection;

/** Every table of a projection: the entity's own first. */
export const tablesOf = (projection: Projection): readonly Table[] =>
  projection.kind === 'journal'
    ? [projection.table]
    : [projection.table, ...(projection.details ?? []), ...(projection.rollups ?? [])];

/** Declares an entity projection with its row type: `defineEntity<TaskRow>()({ … })`. */
export const defineEntity =
  <State extends Row>() =>
  <const Definitions extends readonly EventDefinition[]>(
    projection: Omit<EntityProjection<State, Definitions>, 'kind'>,
  ): EntityProjection =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the engine handles projections of every row type; it matters only inside the declaration
    ({ kind: 'entity', ...projection }) as unknown as EntityProjection;

export const defineJournal = (projection: Omit<JournalProjection, 'kind'>): JournalProjection => ({
  kind: 'journal',
  ...projection,
});
