/** One client that reads from a group: what it has in hand, and how fast it is. */
import type { Message } from './message.js';

/** The call behind a consumer. */
export interface ConsumerChannel {
  /** @returns false when nothing more should be written until `drained` of the consumer is called */
  send(message: Message): boolean;
  /** Ends the call with the error that says that the group was dropped. */
  drop(): void;
}

export interface ConsumerFacts {
  /** The client's address. */
  readonly from: string;
  readonly username: string;
  readonly connectionName: string;
  /** How many messages the client takes before it has answered any. */
  readonly bufferSize: number;
}

/** Extra statistics look at this many of the latest answers. */
const MAX_SAMPLES = 1_000;

export class Consumer {
  /** Milliseconds from push to answer, when extra statistics are asked for. */
  readonly samples: number[] = [];
  totalItems = 0;
  readonly #holding = new Map<string, number>();
  #blocked = false;
  #nextSample = 0;
  #measuredItems = 0;

  constructor(
    readonly facts: ConsumerFacts,
    private readonly channel: ConsumerChannel,
    private readonly measure: boolean,
  ) {}

  get inFlight(): number {
    return this.#holding.size;
  }

  get availableSlots(): number {
    return Math.max(0, this.facts.bufferSize - this.#holding.size);
  }

  /** A client that does not read what it was sent gets no more: its messages would only fill memory. */
  get hasRoom(): boolean {
    return !this.#blocked && this.availableSlots > 0;
  }

  holding(): Iterable<string> {
    return this.#holding.keys();
  }

  send(message: Message): void {
    this.totalItems++;
    this.#blocked = !this.channel.send(message);
  }

  drained(): void {
    this.#blocked = false;
  }

  started(id: string, now: number): void {
    this.#holding.set(id, now);
  }

  ended(id: string, now: number): void {
    const since = this.#holding.get(id);
    if (since === undefined) return;
    this.#holding.delete(id);
    if (!this.measure) return;
    this.samples[this.#nextSample] = now - since;
    this.#nextSample = (this.#nextSample + 1) % MAX_SAMPLES;
  }

  /** Messages pushed since this was last asked. */
  itemsSinceMeasured(): number {
    const items = this.totalItems - this.#measuredItems;
    this.#measuredItems = this.totalItems;
    return items;
  }

  drop(): void {
    this.channel.drop();
  }
}
