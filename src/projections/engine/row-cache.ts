/**
 * The rows that a build wrote or read last, as they will be when everything that was folded is committed. Its owner is the only
 * one who writes them; when a transaction fails it is emptied, for then nobody knows.
 */
import type { Row } from './projection.js';
import type { RowKey } from './fold.js';

/**
 * Rows kept per build, and the bytes of the events they came from. What is changed once is often changed again soon. Half of
 * it is more than a batch: the rows of one that is being written must still be here when the next one is folded.
 */
const MOST = { rows: 8_000, bytes: 16 * 2 ** 20 };

/** `null` says that there is no such row. */
export class RowCache {
  #recent = new Map<RowKey, Row | null>();
  #older = new Map<RowKey, Row | null>();
  #bytes = 0;

  get(key: RowKey): Row | null | undefined {
    const row = this.#recent.get(key);
    return row === undefined ? this.#older.get(key) : row;
  }

  /** @param bytes about what the row is worth in memory */
  set(key: RowKey, row: Row | null, bytes: number): void {
    this.#recent.set(key, row);
    this.#bytes += bytes;
    if (this.#recent.size <= MOST.rows / 2 && this.#bytes <= MOST.bytes / 2) return;
    // Two halves instead of a list by use: what nobody touched for a whole half goes.
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#bytes = 0;
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
    this.#bytes = 0;
  }
}
