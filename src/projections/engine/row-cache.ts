/**
 * The rows that a build wrote or read last. Its owner is the only one who writes them, so what is in here is what is in
 * the table; when a transaction fails it is emptied, for then nobody knows.
 */
import type { Row } from './projection.js';
import type { RowKey } from './fold.js';

/** Rows kept per build: at 2 kB for a big one about 20 MB. What is changed once is often changed again soon. */
const MOST_ROWS = 10_000;

/** `null` says that there is no such row. */
export class RowCache {
  #recent = new Map<RowKey, Row | null>();
  #older = new Map<RowKey, Row | null>();

  get(key: RowKey): Row | null | undefined {
    const row = this.#recent.get(key);
    return row === undefined ? this.#older.get(key) : row;
  }

  set(key: RowKey, row: Row | null): void {
    this.#recent.set(key, row);
    if (this.#recent.size <= MOST_ROWS / 2) return;
    // Two halves instead of a list by use: what nobody touched for a whole half goes.
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
