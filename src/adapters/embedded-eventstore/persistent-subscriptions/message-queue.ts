/**
 * Messages that wait for a consumer, in the order in which they are offered: what must be tried again, lowest first; what
 * was parked and is replayed; what has never been pushed.
 */
import type { Message } from './message.js';

/** What became of a message that was offered: `kept` lets later ones go before it, `full` ends the round. */
export type Offered = 'taken' | 'kept' | 'full';

export class MessageQueue {
  #retries: Message[] = [];
  #replayed: Message[] = [];
  #fresh: Message[] = [];

  get freshCount(): number {
    return this.#fresh.length;
  }

  get replayedCount(): number {
    return this.#replayed.length;
  }

  get retryCount(): number {
    return this.#retries.length + this.#replayed.length;
  }

  addFresh(message: Message): void {
    this.#fresh.push(message);
  }

  addReplayed(message: Message): void {
    this.#replayed.push(message);
  }

  /** A message that was pushed before. */
  addRetry(message: Message): void {
    if (message.parkedAt !== undefined) {
      this.#replayed.push(message);
      return;
    }
    const behind = this.#retries.findLastIndex((other) => other.sequence < message.sequence);
    this.#retries.splice(behind + 1, 0, message);
  }

  /** Offers message by message until there is no more room or no more message. */
  drain(offer: (message: Message) => Offered): void {
    for (const list of [this.#retries, this.#replayed, this.#fresh]) if (offerFrom(list, offer)) return;
  }
}

/** Whether the round is over. */
function offerFrom(list: Message[], offer: (message: Message) => Offered): boolean {
  let taken = 0;
  let at = 0;
  for (; at < list.length; at++) {
    const message = list[at];
    if (!message) break;
    const outcome = offer(message);
    if (outcome === 'full') break;
    if (outcome === 'taken') taken++;
    // Those that are kept move up into the places of those that were taken, keeping their order.
    else if (taken > 0) list[at - taken] = message;
  }
  const full = at < list.length;
  list.splice(at - taken, taken);
  return full;
}
