/**
 * Keyset pagination in SQL: a page starts after the last row's ordering key, not after a count of rows, so that pages stay
 * fast at any depth and neither skip nor repeat rows while others write.
 *
 * A query declares its order once and uses it in its SQL:
 *
 *     export const taskOrder = keysetOrder('tasks', [
 *       { sql: 't.position', field: 'position', type: 'text' },
 *       { sql: 't.id', field: 'id', type: 'uuid' },              // the last column breaks ties: unique in the result
 *     ]);
 *     const keyset = keysetSql(taskOrder, page, 2);               // $1 is the workspace; the keyset's parameters start at $2
 *     `… WHERE t.workspace_id = $1 AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`, [workspaceId, ...keyset.parameters]
 */

/** `timestamptz` compares to the millisecond, which is what events carry. */
export type KeyType = 'text' | 'uuid' | 'timestamptz' | 'date' | 'bigint' | 'numeric';

export interface KeyColumn {
  /** The SQL expression that is ordered by. Never null: wrap a nullable column in COALESCE. Never from a client. */
  readonly sql: string;
  /** Where the row carries this value. */
  readonly field: string;
  readonly type: KeyType;
  readonly direction?: 'asc' | 'desc';
}

export interface KeysetOrder {
  /** Part of the cursor: a cursor of one order is refused by another. */
  readonly name: string;
  readonly columns: readonly KeyColumn[];
}

/** What a query is asked for. The API makes it from `first`, `after`, `last` and `before`. */
export interface PageRequest {
  /** Rows to read: one more than the page shows, which tells whether there are more. */
  readonly limit: number;
  /** The ordering key of the row that the page starts behind, seen in reading direction; checked against the column types. */
  readonly from?: readonly string[] | undefined;
  /** Read against the order (for `last`): the query gives rows in reversed order, and the API turns them round. */
  readonly backwards: boolean;
}

export interface KeysetSql {
  /** `true` for the first page. */
  readonly where: string;
  readonly orderBy: string;
  readonly limit: number;
  readonly parameters: readonly string[];
}

export const keysetOrder = (name: string, columns: readonly KeyColumn[]): KeysetOrder => ({ name, columns });

/** @param firstParameter the number of the first free `$n` */
export function keysetSql(order: KeysetOrder, page: PageRequest, firstParameter: number): KeysetSql {
  const columns = order.columns.map((column, index) => ({
    sql: column.sql,
    descending: (column.direction === 'desc') !== page.backwards,
    // The cast keeps the text of a cursor from being compared as another type than the column's.
    parameter: `$${firstParameter + index}::${column.type}`,
  }));
  return {
    where: page.from ? startsBehind(columns) : 'true',
    orderBy: columns.map((column) => `${column.sql} ${column.descending ? 'DESC' : 'ASC'}`).join(', '),
    limit: page.limit,
    parameters: page.from ?? [],
  };
}

type Column = { readonly sql: string; readonly descending: boolean; readonly parameter: string };

function startsBehind(columns: readonly Column[]): string {
  const operator = (column: Column): string => (column.descending ? '<' : '>');
  const [first] = columns;
  // One direction throughout: a row comparison, which an index on the same columns answers directly.
  if (first && columns.every((column) => column.descending === first.descending)) {
    const left = columns.map((column) => column.sql).join(', ');
    return `(${left}) ${operator(first)} (${columns.map((column) => column.parameter).join(', ')})`;
  }
  const alternatives = columns.map((column, index) =>
    [
      ...columns.slice(0, index).map((before) => `${before.sql} = ${before.parameter}`),
      `${column.sql} ${operator(column)} ${column.parameter}`,
    ].join(' AND '),
  );
  return `(${alternatives.map((alternative) => `(${alternative})`).join(' OR ')})`;
}
