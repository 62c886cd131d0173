/**
 * The protocol's rules for streams, as plain data in memory: what a server must answer, and what it must hold afterwards.
 * Written from the protocol's description and sharing no code with the server, which is compared with it.
 */

/** `n` is exactly that revision. */
export type Expected = 'any' | 'no_stream' | 'stream_exists' | number;

export type Answer =
  | { readonly kind: 'written'; readonly revision: number }
  /** `current` is -1 where there never was an event. */
  | { readonly kind: 'wrong-version'; readonly current: number }
  | { readonly kind: 'deleted' };

export interface LogEntry {
  readonly stream: string;
  readonly revision: bigint;
  /** Undefined for an event that the server makes by itself. */
  readonly id: string | undefined;
}

export interface Metadata {
  readonly maxCount?: number;
  readonly truncateBefore?: number;
}

export const TOMBSTONE = 2n ** 63n - 1n;
const SOFT_DELETED = Number.MAX_SAFE_INTEGER;

interface Stream {
  readonly ids: string[];
  metadata: Metadata | undefined;
  metadataCount: number;
  tombstoned: boolean;
}

export class EventStoreModel {
  readonly log: LogEntry[] = [];
  readonly #streams = new Map<string, Stream>();
  /** The stream that lately got an event of this id, and its revision there. */
  readonly #recent = new Map<string, { readonly stream: string; readonly revision: number }>();

  append(name: string, ids: readonly string[], expected: Expected): Answer {
    const stream = this.#stream(name);
    const verdict = this.#decide(name, stream, ids, expected);
    if (verdict.kind !== 'write') return verdict;
    const first = stream.ids.length;
    for (const id of ids) this.#add(name, stream, id);
    if (isSoftDeleted(stream)) this.#setMetadata(name, stream, { ...stream.metadata, truncateBefore: first });
    return { kind: 'written', revision: stream.ids.length - 1 };
  }

  delete(name: string, expected: Expected): Answer {
    const stream = this.#stream(name);
    const verdict = this.#decide(name, stream, ['an id that was never seen'], expected);
    if (verdict.kind !== 'write') return verdict;
    if (stream.ids.length === 0 && !stream.metadata) return { kind: 'wrong-version', current: -1 };
    this.#setMetadata(name, stream, { truncateBefore: SOFT_DELETED });
    return { kind: 'written', revision: stream.ids.length - 1 };
  }

  tombstone(name: string, expected: Expected): Answer {
    const stream = this.#stream(name);
    const verdict = this.#decide(name, stream, ['an id that was never seen'], expected);
    if (verdict.kind !== 'write') return verdict;
    stream.tombstoned = true;
    this.log.push({ stream: name, revision: TOMBSTONE, id: undefined });
    return { kind: 'written', revision: -1 };
  }

  /** Without an expected revision. */
  setMetadata(name: string, metadata: Metadata): Answer {
    const stream = this.#stream(name);
    if (stream.tombstoned) return { kind: 'deleted' };
    const undelete = isSoftDeleted(stream);
    this.#setMetadata(name, stream, metadata);
    const revision = stream.metadataCount - 1;
    if (undelete) this.#setMetadata(name, stream, { ...metadata, truncateBefore: stream.ids.length });
    return { kind: 'written', revision };
  }

  /** The revisions that can be read, from the first; or why there are none. */
  visible(name: string): readonly number[] | 'not-found' | 'deleted' {
    const stream = this.#stream(name);
    if (stream.tombstoned) return 'deleted';
    if (stream.ids.length === 0 || isSoftDeleted(stream)) return 'not-found';
    const { truncateBefore = 0, maxCount = stream.ids.length } = stream.metadata ?? {};
    const first = Math.max(truncateBefore, stream.ids.length - maxCount);
    return stream.ids.map((_, revision) => revision).filter((revision) => revision >= first);
  }

  last(name: string): number {
    return this.#stream(name).ids.length - 1;
  }

  #decide(
    name: string,
    stream: Stream,
    ids: readonly string[],
    expected: Expected,
  ): Answer | { readonly kind: 'write' } {
    const last = stream.ids.length - 1;
    const wrong: Answer = { kind: 'wrong-version', current: last };
    if (stream.tombstoned) return { kind: 'deleted' };
    if (expected === 'stream_exists') {
      if (isSoftDeleted(stream)) return { kind: 'deleted' };
      if (last < 0 && !stream.metadata) return wrong;
    }
    if (typeof expected === 'string' && expected !== 'no_stream') {
      const found = ids.map((id) => this.#recent.get(id)).map((at) => (at?.stream === name ? at.revision : undefined));
      if (found[0] === undefined) return { kind: 'write' };
      return found.includes(undefined) ? wrong : { kind: 'written', revision: found.at(-1) ?? -1 };
    }
    const exact = expected === 'no_stream' ? -1 : expected;
    if (exact > last) return wrong;
    if (exact === last) return { kind: 'write' };
    const same = ids.map((id, index) => stream.ids[exact + 1 + index] === id);
    if (!same[0]) return exact === -1 && isSoftDeleted(stream) ? { kind: 'write' } : wrong;
    return same.includes(false) ? wrong : { kind: 'written', revision: exact + ids.length };
  }

  #add(name: string, stream: Stream, id: string): void {
    stream.ids.push(id);
    const revision = stream.ids.length - 1;
    this.#recent.set(id, { stream: name, revision });
    this.log.push({ stream: name, revision: BigInt(revision), id });
  }

  #setMetadata(name: string, stream: Stream, metadata: Metadata): void {
    stream.metadata = metadata;
    this.log.push({ stream: `$$${name}`, revision: BigInt(stream.metadataCount++), id: undefined });
  }

  #stream(name: string): Stream {
    const known = this.#streams.get(name);
    if (known) return known;
    const stream: Stream = { ids: [], metadata: undefined, metadataCount: 0, tombstoned: false };
    this.#streams.set(name, stream);
    return stream;
  }
}

const isSoftDeleted = (stream: Stream): boolean => stream.metadata?.truncateBefore === SOFT_DELETED;
