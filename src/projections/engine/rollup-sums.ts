/** What a batch adds to the sums of a rollup table. Pure. */
import { isWhole, negated, plus, type Whole } from '../../domain/shared/whole.js';
import { keyText, type Change, type RowKey } from './fold.js';
import type { RollupTable, Row, Value } from './projection.js';

/** What is added to one row of the table. */
export interface Sum {
  readonly workspaceId: string;
  /** Within the workspace. */
  readonly key: string;
  /** One of the contributions, for the columns of the key: copying a row costs more than all sums in it. */
  readonly row: Row;
  /** In the order of the table's measures. */
  readonly totals: Whole[];
}

/** Sums that do not change are left out. In no order. @throws TypeError for a measure that is no whole number */
export function rollupSums(table: RollupTable<Row>, changes: ReadonlyMap<RowKey, Change>): Sum[] {
  // Two steps, because most batches are of few workspaces, and a shorter text is found in half the time.
  const workspaces = new Map<string, Map<string, Sum>>();
  for (const { workspaceId, before, after } of changes.values()) {
    let sums = workspaces.get(workspaceId);
    if (!sums) workspaces.set(workspaceId, (sums = new Map()));
    if (before) for (const row of table.contributions(before)) add(sums, table, workspaceId, row, negated);
    if (after) for (const row of table.contributions(after)) add(sums, table, workspaceId, row);
  }
  return [...workspaces.values()].flatMap((sums) =>
    [...sums.values()].filter(({ totals }) => totals.some((total) => total !== 0 && total !== 0n)),
  );
}

/** By workspace and key: everybody who changes rows takes their locks in the same order. */
export const inOrder = (sums: readonly Sum[]): readonly Sum[] =>
  sums.toSorted((a, b) => compare(a.workspaceId, b.workspaceId) || compare(a.key, b.key));

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function add(
  sums: Map<string, Sum>,
  table: RollupTable<Row>,
  workspaceId: string,
  row: Row,
  sign?: (value: Whole) => Whole,
): void {
  const key = keyText(table.key, row);
  let sum = sums.get(key);
  if (!sum) sums.set(key, (sum = { workspaceId, key, row, totals: table.measures.map(() => 0) }));
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
