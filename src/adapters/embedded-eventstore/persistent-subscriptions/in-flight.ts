/** Messages that consumers have and have not answered, by id, oldest first. */
import type { Consumer } from './consumer.js';
import type { Message } from './message.js';

interface Flight {
  readonly message: Message;
  readonly consumer: Consumer;
  readonly since: number;
}

export class InFlight {
  /** In the order of pushing, so the first is the first to time out. */
  readonly #flights = new Map<string, Flight>();

  get size(): number {
    return this.#flights.size;
  }

  has(id: string): boolean {
    return this.#flights.has(id);
  }

  start(message: Message, consumer: Consumer, now: number): void {
    this.#flights.set(message.id, { message, consumer, since: now });
    consumer.started(message.id, now);
  }

  /** Takes a message out; undefined when it is not in flight. */
  end(id: string, now: number): Message | undefined {
    const flight = this.#flights.get(id);
    if (!flight) return undefined;
    this.#flights.delete(id);
    flight.consumer.ended(id, now);
    return flight.message;
  }

  /** Takes out all that were pushed at `before` or earlier. */
  endOlderThan(before: number, now: number): Message[] {
    const expired: Message[] = [];
    for (const [id, { message, consumer, since }] of this.#flights) {
      if (since > before) break;
      this.#flights.delete(id);
      consumer.ended(id, now);
      expired.push(message);
    }
    return expired;
  }

  /** Takes out all that a consumer has. */
  endAllOf(consumer: Consumer): Message[] {
    const lost: Message[] = [];
    for (const id of consumer.holding()) {
      const flight = this.#flights.get(id);
      if (flight?.consumer !== consumer) continue;
      this.#flights.delete(id);
      lost.push(flight.message);
    }
    return lost;
  }
}
