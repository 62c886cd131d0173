/**
 * The newest committed events, in memory. Subscriptions that keep up are fed from here; one that falls behind this window
 * reads from Postgres until it is inside again. One window serves all subscribers, so memory does not grow with them.
 */
import type { StoredEvent } from './stored-event.js';

/** Enough that a subscriber may pause for a second at full append speed. */
const MAX_EVENTS = 16_384;
/** Large events shorten the window instead of filling memory. */
const MAX_BYTES = 32 * 1024 * 1024;

export class LiveLog {
  #head: number;
  readonly #ring = Array.from<StoredEvent | undefined>({ length: MAX_EVENTS });
  #first: number;
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor(head: number) {
    this.#head = head;
    this.#first = head + 1;
  }

  /** The position of the last committed event; 0 for an empty log. */
  get head(): number {
    return this.#head;
  }

  /** The event at a position, when the window holds it. */
  get(position: number): StoredEvent | undefined {
    return position >= this.#first && position <= this.#head ? this.#ring[position % MAX_EVENTS] : undefined;
  }

  /** Whether everything from this position to the head is in the window. */
  covers(position: number): boolean {
    return position >= this.#first;
  }

  /** Takes what has just been committed, in order, following the head without a gap. */
  publish(events: readonly StoredEvent[]): void {
    for (const event of events) {
      if (event.position - this.#first >= MAX_EVENTS) this.#dropFirst();
      this.#ring[event.position % MAX_EVENTS] = event;
      this.#bytes += sizeOf(event);
      this.#head = event.position;
    }
    while (this.#bytes > MAX_BYTES && this.#first < this.#head) this.#dropFirst();
    this.#wake();
  }

  /** After events were committed that never came through here: the window starts anew behind them. */
  reset(head: number): void {
    this.#ring.fill(undefined);
    this.#bytes = 0;
    this.#head = head;
    this.#first = head + 1;
    this.#wake();
  }

  /** Resolves when the head has moved beyond a position, or the signal is aborted. */
  async beyond(position: number, signal: AbortSignal): Promise<void> {
    while (this.#head <= position && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  #wake(): void {
    // Those that wait again while being woken wait for the next time.
    const waiting = Array.from(this.#waiting);
    for (const wake of waiting) wake();
  }

  #dropFirst(): void {
    const slot = this.#first % MAX_EVENTS;
    const event = this.#ring[slot];
    if (event) this.#bytes -= sizeOf(event);
    this.#ring[slot] = undefined;
    this.#first++;
  }
}

const sizeOf = (event: StoredEvent): number => event.data.length + event.metadata.length + 512;
