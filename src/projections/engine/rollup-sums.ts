/** What a batch adds to the sums of a rollup table. Pure. */
import { isWhole, negated, plus, type Whole } from '../../domain/shared/whole.js';
import { rowKey, sorted, type Change, type RowKey } from './fold.js';
import type { RollupTable, Row, Value } from './projection.js';

/** What is added to one row of the table. */
export interface Sum {
  readonly workspaceId: string;
  /** One of the contributions, for the key: copying a row costs more than all sums in it. */
  readonly row: Row;
  /** In the order of the table's measures. */
  readonly totals: Whole[];
}

/** By workspace and key; sums that do not change are left out. @throws TypeError for a measure that is no whole number */
export function rollupSums(table: RollupTable<Row>, changes: ReadonlyMap<RowKey, Change>): readonly Sum[] {
  const sums = new Map<RowKey, Sum>();
  for (const { workspaceId, before, after } of changes.values()) {
    if (before) for (const row of table.contributions(before)) add(sums, table, workspaceId, row, negated);
    if (after) for (const row of table.contributions(after)) add(sums, table, workspaceId, row);
  }
  return sorted(sums).filter(({ totals }) => totals.some((total) => total !== 0 && total !== 0n));
}

function add(
  sums: Map<RowKey, Sum>,
  table: RollupTable<Row>,
  workspaceId: string,
  row: Row,
  sign?: (value: Whole) => Whole,
): void {
  const at = rowKey(workspaceId, table.key, row);
  let sum = sums.get(at);
  if (!sum) sums.set(at, (sum = { workspaceId, row, totals: table.measures.map(() => 0) }));
  const { totals } = sum;
  for (const [i, name] of table.measures.entries()) {
    const value = measure(table, name, row[name]);
    if (value !== 0) totals[i] = plus(totals[i] ?? 0, sign ? sign(value) : value);
  }
}

function measure(table: RollupTable<Row>, name: string, value: Value | undefined): Whole {
  if (isWhole(value)) return value;
  throw new TypeError(`measure ${table.name}.${name} was not given a whole number`);
}
