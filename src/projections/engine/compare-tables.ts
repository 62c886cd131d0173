/** One table of two builds, row for row, inside Postgres: nothing is held here, however large they are. */
import type { TextRow, WriteSession } from '../ports/write-database.port.js';
import { schemaOf } from './build-registry.js';
import { columnOf, type ColumnType, type Table } from './projection.js';

export interface TableComparison {
  readonly table: string;
  /** Rows of the build that serves. */
  readonly rows: number;
  /** Rows that the log gives and the build does not have. */
  readonly missing: number;
  /** Rows of the build that the log does not give. */
  readonly unexpected: number;
  /** Rows that both have, with other values. */
  readonly different: number;
  /** The first of all these, by workspace and key. */
  readonly first: RowDifference | undefined;
}

export interface RowDifference {
  readonly kind: 'missing' | 'unexpected' | 'different';
  readonly workspaceId: string;
  readonly key: readonly ShownValue[];
  /** The columns that differ; none for a row that only one of them has. */
  readonly columns: readonly { readonly name: string; readonly live: string | null; readonly log: string | null }[];
}

export interface ShownValue {
  readonly name: string;
  readonly value: string | null;
}

/** Stands for a value that may be personal. */
export const HIDDEN = '(hidden)';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** @param showValues also those of texts and JSON, which may be personal */
export async function compareTable(
  session: WriteSession,
  table: Table,
  liveId: string,
  shadowId: string,
  showValues: boolean,
): Promise<TableComparison> {
  const sides = `${schemaOf(liveId)}.${quote(table.name)} l FULL JOIN ${schemaOf(shadowId)}.${quote(table.name)} s ON ${onKey(table)}`;
  const others = Object.keys(table.columns).filter((name) => !table.key.includes(name));
  const row = (side: 'l' | 's'): string => `ROW(${others.map((name) => comparable(table, side, name)).join(', ')})`;
  const differs = others.length === 0 ? 'false' : `${row('l')} IS DISTINCT FROM ${row('s')}`;
  const [counts] = await session.query({
    text: `SELECT count(l.workspace_id), count(*) FILTER (WHERE l.workspace_id IS NULL),
        count(*) FILTER (WHERE s.workspace_id IS NULL),
        count(*) FILTER (WHERE l.workspace_id IS NOT NULL AND s.workspace_id IS NOT NULL AND ${differs})
      FROM ${sides}`,
  });
  const [rows = 0, missing = 0, unexpected = 0, different = 0] = (counts ?? []).map(Number);
  const isEqual = missing + unexpected + different === 0;
  const first = isEqual ? undefined : await firstDifference(session, table, sides, others, differs, showValues);
  return { table: table.name, rows, missing, unexpected, different, first };
}

/** JSON is kept as it was written; the same document may have been written with its fields in another order. */
const comparable = (table: Table, side: 'l' | 's', name: string): string =>
  `${side}.${quote(name)}${typeOf(table, name) === 'json' ? '::jsonb' : ''}`;

const onKey = (table: Table): string =>
  ['workspace_id', ...table.key].map((name) => `l.${quote(name)} = s.${quote(name)}`).join(' AND ');

async function firstDifference(
  session: WriteSession,
  table: Table,
  sides: string,
  others: readonly string[],
  differs: string,
  showValues: boolean,
): Promise<RowDifference | undefined> {
  const keys = ['workspace_id', ...table.key].map((name) => `COALESCE(l.${quote(name)}, s.${quote(name)})`);
  const values = others.flatMap((name) => [
    `${comparable(table, 'l', name)} IS DISTINCT FROM ${comparable(table, 's', name)}`,
    `l.${quote(name)}::text`,
    `s.${quote(name)}::text`,
  ]);
  const [found] = await session.query({
    text: `SELECT CASE WHEN l.workspace_id IS NULL THEN 'missing' WHEN s.workspace_id IS NULL THEN 'unexpected' ELSE 'different' END,
        ${[...keys, ...values].join(', ')}
      FROM ${sides} WHERE l.workspace_id IS NULL OR s.workspace_id IS NULL OR ${differs}
      ORDER BY ${keys.join(', ')} LIMIT 1`,
  });
  return found && shown(table, others, found, showValues);
}

function shown(table: Table, others: readonly string[], row: TextRow, showValues: boolean): RowDifference {
  const show = (name: string, value: string | null): string | null =>
    value === null || showValues || !MAY_BE_PERSONAL.has(typeOf(table, name)) ? value : HIDDEN;
  const kind = row[0] === 'missing' || row[0] === 'unexpected' ? row[0] : 'different';
  const key = table.key.map((name, i) => ({ name, value: show(name, row[i + 2] ?? null) }));
  const offset = table.key.length + 2;
  const columns = others.flatMap((name, i) => {
    const [differs, live = null, log = null] = row.slice(offset + i * 3, offset + i * 3 + 3);
    return differs === 't' ? [{ name, live: show(name, live), log: show(name, log) }] : [];
  });
  return { kind, workspaceId: row[1] ?? '', key, columns: kind === 'different' ? columns : [] };
}

/** Names, addresses, notes. Ids, amounts, days and states of a thing (which are texts too, but can't be told apart) are not. */
const MAY_BE_PERSONAL: ReadonlySet<ColumnType | undefined> = new Set(['text', 'text[]', 'json']);

function typeOf(table: Table, name: string): ColumnType | undefined {
  const spec = table.columns[name];
  return spec && columnOf(spec).type;
}
