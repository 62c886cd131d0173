/** What a group took from its source and has not settled: it holds the checkpoint back, and takes up memory. */
import type { Progress } from './checkpoints.js';
import type { Message } from './message.js';

/** Messages that wait or are in hand, whatever the settings allow; a group that holds this much takes no more. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

export class Unsettled {
  #sequence = 0;
  #heldBytes = 0;
  /** The place before each event that was taken and not settled, by sequence, lowest first. */
  readonly #places = new Map<number, number>();

  /** How many events of the source were taken or passed over. */
  get sequence(): number {
    return this.#sequence;
  }

  get full(): boolean {
    return this.#heldBytes >= MAX_HELD_BYTES;
  }

  /** One more event of the source; the number that its message gets, if it makes one. */
  advance(): number {
    return ++this.#sequence;
  }

  /** @param before where the source stood before this message; undefined for one that was parked, which is behind the checkpoint */
  hold(message: Message, before: number | undefined): void {
    if (before !== undefined) this.#places.set(message.sequence, before);
    this.#heldBytes += message.bytes;
  }

  settle(message: Message): void {
    this.#heldBytes -= message.bytes;
    this.#places.delete(message.sequence);
  }

  /** Up to where everything is settled. @param place where the source stands */
  progress(place: number): Progress {
    const [lowest] = this.#places;
    return lowest ? { sequence: lowest[0] - 1, place: lowest[1] } : { sequence: this.#sequence, place };
  }
}
