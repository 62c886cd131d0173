/**
 * Whether a write may happen: the expected revision against the stream, and whether these very events are there already.
 * The rules are those of EventStoreDB's IndexWriter.CheckCommit, version 24.10.
 */
import { EXPECT, NO_REVISION, TOMBSTONE_REVISION } from './stored-event.js';

/** Where an event was written. */
export interface WrittenAt {
  readonly revision: number;
  readonly position: number;
}

export type Verdict =
  | { readonly kind: 'write' }
  /** These events are there already: answer with the last of them (undefined: nothing was asked to be written). */
  | { readonly kind: 'idempotent'; readonly at: WrittenAt }
  | { readonly kind: 'wrong-version' }
  | { readonly kind: 'deleted' };

export interface StreamFacts {
  /** The last revision; NO_REVISION or TOMBSTONE_REVISION. */
  readonly last: number;
  readonly softDeleted: boolean;
  readonly hasMetadata: boolean;
  /** Where this stream lately got an event of this id. Best effort, as on a real node. */
  recent(id: string): WrittenAt | undefined;
  /** Where the event of this id stands, if it stands at this revision of this stream. Exact. */
  at(revision: number, id: string): WrittenAt | undefined;
}

const WRITE: Verdict = { kind: 'write' };
const WRONG_VERSION: Verdict = { kind: 'wrong-version' };
const DELETED: Verdict = { kind: 'deleted' };

/** @param expected a revision or one of EXPECT */
export function decideWrite(expected: number, ids: readonly string[], stream: StreamFacts): Verdict {
  if (stream.last === TOMBSTONE_REVISION) return DELETED;
  if (expected === EXPECT.streamExists) {
    if (stream.softDeleted) return DELETED;
    if (stream.last === NO_REVISION && !stream.hasMetadata) return WRONG_VERSION;
  }
  if (expected === EXPECT.any || expected === EXPECT.streamExists) {
    return sameEvents(ids, (id) => stream.recent(id)) ?? WRITE;
  }
  if (expected > stream.last) return WRONG_VERSION;
  if (expected === stream.last) return WRITE;
  const again = sameEvents(ids, (id, index) => stream.at(expected + 1 + index, id));
  if (again) return again;
  return expected === EXPECT.noStream && stream.softDeleted && ids.length > 0 ? WRITE : WRONG_VERSION;
}

/** Idempotent when all ids are known, wrong when the first is known and a later one is not, undefined when the first is not. */
function sameEvents(
  ids: readonly string[],
  find: (id: string, index: number) => WrittenAt | undefined,
): Verdict | undefined {
  let at: WrittenAt | undefined;
  for (const [index, id] of ids.entries()) {
    const found = find(id, index);
    if (!found) return index === 0 ? undefined : WRONG_VERSION;
    at = found;
  }
  return at && { kind: 'idempotent', at };
}
