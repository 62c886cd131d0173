/** A declared table as SQL: how it is made, loaded, written. All rows of a batch go in one statement, as one array per column. */
import { columnOf, type Column, type RollupTable, type Row, type Table, type TenantRow } from './projection.js';
import type { Statement, TextRow } from '../ports/write-database.port.js';
import { decodeValue, encodeColumn } from './column-values.js';
import type { Sum } from './rollup-sums.js';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** @param table a rollup's measures are its sums */
export const tableSql = (schema: string, table: Table | RollupTable<Row>): TableSql =>
  new TableSql(schema, table, 'measures' in table ? table.measures : []);

/** The statements of one table of one build. Texts never change, so each is prepared once per connection. */
export class TableSql {
  readonly #columns: readonly (readonly [name: string, column: Column])[];
  readonly #keys: readonly (readonly [name: string, column: Column])[];
  readonly #place: string;
  readonly #prefix: string;
  /** Made once: for a batch of one event, making them would cost more than the event. */
  readonly #texts: Readonly<Record<'load' | 'upsert' | 'insert' | 'add' | 'remove', string>>;

  constructor(
    readonly schema: string,
    readonly table: Table,
    /** Sums: written by adding to what is there. */
    readonly measures: readonly string[] = [],
  ) {
    this.#columns = Object.entries(table.columns).map(([name, spec]) => [name, columnOf(spec)]);
    const byName = new Map(this.#columns);
    this.#keys = table.key.map((name) => {
      const column = byName.get(name);
      if (!column) throw new Error(`table ${table.name} has no column ${name}, which its key names`);
      return [name, column];
    });
    this.#place = `${quote(schema)}.${quote(table.name)}`;
    this.#prefix = `${schema}.${table.name}`;
    this.#texts = {
      load: this.#loadText(),
      upsert: this.#upsertText(),
      insert: this.#insertText(),
      add: this.#addText(),
      remove: this.#removeText(),
    };
  }

  /**
   * Makes the table, closed to every workspace but the one the reader's transaction is bound to.
   * @param sums `appending`: until `complete`, a table of sums may have several rows with one key, to be added up
   */
  create(sums: 'keyed' | 'appending'): readonly string[] {
    const columns = this.#columns.map(([name, { type, nullable, collate }]) => {
      const collation = collate ? ` COLLATE "${collate}"` : '';
      return `${quote(name)} ${type}${collation}${nullable ? '' : ' NOT NULL'}`;
    });
    const isLoose = sums === 'appending' && this.measures.length > 0;
    const key = isLoose ? '' : `, ${this.#primaryKey()}`;
    // Rows change in place where they can: a little room on each page keeps an update from touching every index.
    return [
      `CREATE TABLE ${this.#place} (workspace_id uuid NOT NULL, ${columns.join(', ')}${key}) WITH (fillfactor = 90)`,
      `ALTER TABLE ${this.#place} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE ${this.#place} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY reader ON ${this.#place} FOR SELECT TO teampulse_reader
        USING (workspace_id = current_setting('app.workspace_id')::uuid)`,
      `CREATE POLICY engine ON ${this.#place} TO CURRENT_USER USING (true) WITH CHECK (true)`,
      `GRANT SELECT ON ${this.#place} TO teampulse_reader`,
      // What is looked at again and again while it grows is looked at in vain; it is analysed when it is complete.
      ...(sums === 'appending' ? [`ALTER TABLE ${this.#place} SET (autovacuum_enabled = false)`] : []),
    ];
  }

  /** Adds up what was appended, and gives the table its key. */
  complete(): readonly string[] {
    const keys = ['workspace_id', ...this.table.key].map(quote).join(', ');
    const sums = this.measures.map((name) => `sum(${quote(name)})`);
    const names = [keys, ...this.measures.map(quote)].join(', ');
    // Mostly few rows: what happens in the order of days is added up before it is written.
    const addUp = `WITH several AS (SELECT ${keys} FROM ${this.#place} GROUP BY ${keys} HAVING count(*) > 1),
        taken AS (DELETE FROM ${this.#place} t USING several r WHERE ${this.#sameKey()} RETURNING t.*)
      INSERT INTO ${this.#place} (${names}) SELECT ${[keys, ...sums].join(', ')} FROM taken GROUP BY ${keys}
        HAVING NOT (${sums.map((sum) => `${sum} = 0`).join(' AND ')})`;
    return [
      ...(this.measures.length > 0 ? [addUp, `ALTER TABLE ${this.#place} ADD ${this.#primaryKey()}`] : []),
      `ALTER TABLE ${this.#place} RESET (autovacuum_enabled)`,
    ];
  }

  #primaryKey(): string {
    return `PRIMARY KEY (${['workspace_id', ...this.table.key].map(quote).join(', ')})`;
  }

  createIndexes(): readonly string[] {
    return (this.table.indexes ?? []).map((index, i) => {
      const name = quote(`${this.table.name}_${i + 1}`);
      return `CREATE INDEX IF NOT EXISTS ${name} ON ${this.#place} ${index}`;
    });
  }

  /** The rows of these keys, by the order of nothing. */
  load(keys: readonly TenantRow[]): Statement {
    return this.#statement('load', this.#keys, keys);
  }

  decode(texts: TextRow): TenantRow {
    const row: Record<string, Row[string]> = {};
    for (const [i, [name, { type }]] of this.#columns.entries()) row[name] = decodeValue(type, texts[i + 1] ?? null);
    return { workspaceId: texts[0] ?? '', row };
  }

  /** Writes rows whole, new or not. */
  upsert(rows: readonly TenantRow[]): Statement {
    return this.#statement('upsert', this.#columns, rows);
  }

  /** Writes rows that must be new: a row that is there already is a fault, and fails. */
  insert(rows: readonly TenantRow[]): Statement {
    return this.#statement('insert', this.#columns, rows);
  }

  /** Appends the sums: until `complete` there may be several with one key. */
  append(sums: readonly Sum[]): Statement {
    return this.#sums('append', this.#texts.insert, sums);
  }

  /** Adds the sums to what is there. Gives the keys of rows whose measures are now all zero, as `decodeKey` reads them. */
  add(sums: readonly Sum[]): Statement {
    return this.#sums('add', this.#texts.add, sums);
  }

  #sums(kind: 'append' | 'add', text: string, sums: readonly Sum[]): Statement {
    const values = this.#columns.map(([name, { type }]) => {
      const i = this.measures.indexOf(name);
      return encodeColumn(
        type,
        sums,
        ({ row, totals }) => (i < 0 ? row[name] : totals[i]),
        `${this.table.name}.${name}`,
      );
    });
    return { name: `${this.#prefix}:${kind}`, text, values: [workspaces(sums), ...values] };
  }

  decodeKey(texts: TextRow): TenantRow {
    const entries = this.#keys.map(([name, { type }], i) => [name, decodeValue(type, texts[i + 1] ?? null)] as const);
    return { workspaceId: texts[0] ?? '', row: Object.fromEntries(entries) };
  }

  remove(keys: readonly TenantRow[]): Statement {
    return this.#statement('remove', this.#keys, keys);
  }

  /** Rows as a query of their own, with the columns of the table; its parameters are numbered from `first` on. */
  asTable(rows: readonly TenantRow[], first: number): { readonly text: string; readonly values: readonly string[] } {
    const columns = ['r.workspace_id', ...this.#columns.map((column) => `${valueOf(column)} AS ${quote(column[0])}`)];
    return {
      text: `SELECT ${columns.join(', ')} FROM ${this.#given(this.#columns, first)}`,
      values: this.#arrays(this.#columns, rows),
    };
  }

  #statement(
    kind: 'load' | 'upsert' | 'insert' | 'remove',
    columns: readonly (readonly [string, Column])[],
    rows: readonly TenantRow[],
  ): Statement {
    return { name: `${this.#prefix}:${kind}`, text: this.#texts[kind], values: this.#arrays(columns, rows) };
  }

  #loadText(): string {
    const columns = this.#columns.map(([name, { type }]) =>
      type.endsWith('[]') ? `to_jsonb(t.${quote(name)})` : `t.${quote(name)}`,
    );
    return `SELECT t.workspace_id, ${columns.join(', ')} FROM ${this.#given(this.#keys)}
        JOIN ${this.#place} t ON ${this.#sameKey()}`;
  }

  #upsertText(): string {
    const others = this.#columns.filter(([name]) => !this.table.key.includes(name));
    const changes = others.map(([name]) => `${quote(name)} = EXCLUDED.${quote(name)}`).join(', ');
    const onConflict = changes === '' ? 'DO NOTHING' : `DO UPDATE SET ${changes}`;
    return `${this.#insertText()} ON CONFLICT (${this.#conflictKey()}) ${onConflict}`;
  }

  #addText(): string {
    const sums = this.measures.map((name) => `${quote(name)} = t.${quote(name)} + EXCLUDED.${quote(name)}`).join(', ');
    const keys = ['workspace_id', ...this.table.key].map(quote).join(', ');
    const zero = this.measures.map((name) => `${quote(name)} = 0`).join(' AND ');
    const insert = this.#insertText().replace(this.#place, `${this.#place} AS t`);
    return `WITH written AS (${insert} ON CONFLICT (${this.#conflictKey()}) DO UPDATE SET ${sums} RETURNING t.*)
        SELECT ${keys} FROM written WHERE ${zero}`;
  }

  #removeText(): string {
    // Another share of the build may have added to a sum since it was nothing, in the same transaction.
    const stillZero = this.measures.map((name) => ` AND t.${quote(name)} = 0`).join('');
    return `DELETE FROM ${this.#place} t USING ${this.#given(this.#keys)} WHERE ${this.#sameKey()}${stillZero}`;
  }

  #insertText(): string {
    const names = ['workspace_id', ...this.#columns.map(([name]) => name)].map(quote).join(', ');
    const values = this.#columns.map(valueOf);
    return `INSERT INTO ${this.#place} (${names}) SELECT r.workspace_id, ${values.join(', ')} FROM ${this.#given(this.#columns)}`;
  }

  /** The parameters as rows: `ROWS FROM` puts the arrays side by side. */
  #given(columns: readonly (readonly [string, Column])[], first = 1): string {
    const sources = columns.map(([, { type }], i) => {
      // One JSON document for a whole column: far less escaping than an array of texts of JSON.
      if (type === 'json') return `json_array_elements($${first + i + 1}::json)`;
      return `unnest($${first + i + 1}::${type.endsWith('[]') ? 'text' : type}[])`;
    });
    const names = ['workspace_id', ...columns.map(([name]) => name)].map(quote).join(', ');
    return `ROWS FROM (unnest($${first}::uuid[]), ${sources.join(', ')}) AS r(${names})`;
  }

  #sameKey(): string {
    return ['workspace_id', ...this.table.key].map((name) => `t.${quote(name)} = r.${quote(name)}`).join(' AND ');
  }

  #conflictKey(): string {
    return ['workspace_id', ...this.table.key].map(quote).join(', ');
  }

  #arrays(columns: readonly (readonly [string, Column])[], rows: readonly TenantRow[]): string[] {
    const values = columns.map(([name, { type }]) =>
      encodeColumn(type, rows, ({ row }) => row[name], `${this.table.name}.${name}`),
    );
    return [workspaces(rows), ...values];
  }
}

const workspaces = (rows: readonly { readonly workspaceId: string }[]): string =>
  encodeColumn('uuid', rows, ({ workspaceId }) => workspaceId, 'workspace_id');

/** A column of the rows that were given, as the table has it. */
function valueOf([name, { type }]: readonly [string, Column]): string {
  if (type === 'json') return `CASE WHEN json_typeof(r.${quote(name)}) <> 'null' THEN r.${quote(name)} END`;
  return type.endsWith('[]') ? `r.${quote(name)}::${type}` : `r.${quote(name)}`;
}
