/** What a worker's main thread is at, in memory that its watchdog reads while the main thread is blocked. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { HandlerMarks } from '../../projections/engine/watched-handlers.js';

/** The handler that was called last, when it has not returned. */
export interface InHandler {
  /** Its place in the list of projections. */
  readonly projection: number;
  /** Of the event it was given, or of the last before it where it makes something of rows. */
  readonly at: LogPosition;
  readonly isOfRows: boolean;
}

const BYTES = 32;
const [BEATS, INSIDE, PROJECTION] = [0, 1, 2];
/** In words of 64 bits. */
const [COMMIT, PREPARE] = [2, 3];
const OUTSIDE = 0;
const IN_EVENT = 1;
const IN_ROWS = 2;

export class SharedMarks implements HandlerMarks {
  readonly #words: Int32Array;
  readonly #positions: BigInt64Array;

  constructor(readonly memory = new SharedArrayBuffer(BYTES)) {
    this.#words = new Int32Array(memory);
    this.#positions = new BigInt64Array(memory);
  }

  beat(): void {
    Atomics.add(this.#words, BEATS, 1);
  }

  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  enter(projection: number, at: LogPosition | undefined): void {
    this.#words[PROJECTION] = projection;
    if (at) {
      this.#positions[COMMIT] = at.commit;
      this.#positions[PREPARE] = at.prepare;
    }
    // Last, and in no other order: what it says must be there when it is read.
    Atomics.store(this.#words, INSIDE, at ? IN_EVENT : IN_ROWS);
  }

  leave(): void {
    this.#words[INSIDE] = OUTSIDE;
  }

  get inHandler(): InHandler | undefined {
    const inside = Atomics.load(this.#words, INSIDE);
    if (inside === OUTSIDE) return undefined;
    return {
      projection: this.#words[PROJECTION] ?? 0,
      at: { commit: this.#positions[COMMIT] ?? 0n, prepare: this.#positions[PREPARE] ?? 0n },
      isOfRows: inside === IN_ROWS,
    };
  }
}
