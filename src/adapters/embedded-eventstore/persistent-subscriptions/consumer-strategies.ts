/** Who of a group's consumers gets a message. */
import type { Consumer } from './consumer.js';
import type { StrategyName } from './group-definition.js';
import type { Message } from './message.js';

export interface ConsumerStrategy {
  added(consumer: Consumer): void;
  removed(consumer: Consumer): void;
  /** `later`: its consumer has no room, others may have; `full`: nobody has room. */
  choose(message: Message): Consumer | 'later' | 'full';
}

export function consumerStrategy(name: StrategyName): ConsumerStrategy {
  switch (name) {
    case 'DispatchToSingle':
      return new DispatchToSingle();
    case 'RoundRobin':
      return new RoundRobin();
    case 'Pinned':
      return new Pinned(sourceStream);
    case 'PinnedByCorrelation':
      return new Pinned(correlationOf);
  }
}

/** The first consumer that has room, in the order in which they came. */
class DispatchToSingle implements ConsumerStrategy {
  readonly #consumers = new Set<Consumer>();

  added(consumer: Consumer): void {
    this.#consumers.add(consumer);
  }

  removed(consumer: Consumer): void {
    this.#consumers.delete(consumer);
  }

  choose(): Consumer | 'full' {
    for (const consumer of this.#consumers) if (consumer.hasRoom) return consumer;
    return 'full';
  }
}

/** Each in turn, passing over those without room. */
class RoundRobin implements ConsumerStrategy {
  readonly #consumers: Consumer[] = [];

  added(consumer: Consumer): void {
    this.#consumers.push(consumer);
  }

  removed(consumer: Consumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index >= 0) this.#consumers.splice(index, 1);
  }

  choose(): Consumer | 'full' {
    const index = this.#consumers.findIndex((consumer) => consumer.hasRoom);
    const [chosen] = index < 0 ? [] : this.#consumers.splice(index, 1);
    if (!chosen) return 'full';
    this.#consumers.push(chosen);
    return chosen;
  }
}

const BUCKETS = 1_024;

/**
 * Messages of one key go to one consumer, as long as it stays: keys fall into buckets, buckets belong to consumers. A new
 * consumer takes its share of the buckets of those before it.
 */
class Pinned implements ConsumerStrategy {
  /** Buckets by consumer. */
  readonly #owned = new Map<Consumer, Set<number>>();
  readonly #owners = new Map<number, Consumer>();

  constructor(private readonly keyOf: (message: Message) => string) {}

  added(consumer: Consumer): void {
    const share = Math.ceil(this.#owners.size / (this.#owned.size + 1));
    const taken = new Set<number>();
    for (const buckets of this.#owned.values()) {
      for (const bucket of [...buckets].slice(share)) {
        buckets.delete(bucket);
        taken.add(bucket);
        this.#owners.set(bucket, consumer);
      }
    }
    this.#owned.set(consumer, taken);
  }

  removed(consumer: Consumer): void {
    for (const bucket of this.#owned.get(consumer) ?? []) this.#owners.delete(bucket);
    this.#owned.delete(consumer);
  }

  choose(message: Message): Consumer | 'later' | 'full' {
    if (!this.#anybodyHasRoom()) return 'full';
    const owner = this.#ownerOf(hash(this.keyOf(message)) % BUCKETS);
    return owner?.hasRoom ? owner : 'later';
  }

  #anybodyHasRoom(): boolean {
    for (const consumer of this.#owned.keys()) if (consumer.hasRoom) return true;
    return false;
  }

  #ownerOf(bucket: number): Consumer | undefined {
    const owner = this.#owners.get(bucket);
    if (owner) return owner;
    let fewest: [Consumer, Set<number>] | undefined;
    for (const entry of this.#owned) if (!fewest || entry[1].size < fewest[1].size) fewest = entry;
    if (!fewest) return undefined;
    fewest[1].add(bucket);
    this.#owners.set(bucket, fewest[0]);
    return fewest[0];
  }
}

/** Of a link, the stream that it points to. */
function sourceStream({ event, original }: Message): string {
  const record = event ?? original;
  if (record.type !== '$>') return record.stream;
  const target = Buffer.from(record.data).toString('utf8');
  return target.slice(target.indexOf('@') + 1);
}

/** Messages without a correlation id are kept together by their stream. */
function correlationOf(message: Message): string {
  try {
    const metadata: unknown = JSON.parse(Buffer.from((message.event ?? message.original).metadata).toString('utf8'));
    if (typeof metadata === 'object' && metadata !== null && '$correlationId' in metadata) {
      const id = metadata.$correlationId;
      if (typeof id === 'string' && id !== '') return id;
    }
  } catch {
    // No JSON, no correlation.
  }
  return sourceStream(message);
}

/** FNV-1a: what matters is that it spreads, and is the same for the same key. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
