import { describe, expect, it } from 'vitest';
import { EXPECT, NO_REVISION, TOMBSTONE_REVISION } from './stored-event.js';
import { decideWrite, type StreamFacts, type Verdict } from './write-decision.js';

/** A stream whose events have these ids, from revision 0 on; `forgotten` are those that memory no longer has. */
function stream(
  ids: readonly string[],
  facts: Partial<StreamFacts> & { forgotten?: readonly string[] } = {},
): StreamFacts {
  const find = (id: string): { revision: number; position: number } | undefined => {
    const revision = ids.indexOf(id);
    return revision < 0 ? undefined : { revision, position: 100 + revision };
  };
  return {
    last: ids.length - 1,
    softDeleted: false,
    hasMetadata: false,
    recent: (id) => (facts.forgotten?.includes(id) ? undefined : find(id)),
    at: (revision, id) => (ids[revision] === id ? { revision, position: 100 + revision } : undefined),
    ...facts,
  };
}
const kind = (verdict: Verdict): string => verdict.kind;

describe('an expected revision', () => {
  it('that is the last one lets the write happen', () => {
    expect(kind(decideWrite(1, ['c'], stream(['a', 'b'])))).toBe('write');
    expect(kind(decideWrite(EXPECT.noStream, ['a'], stream([])))).toBe('write');
  });

  it('beyond the last one is wrong', () => {
    expect(kind(decideWrite(2, ['c'], stream(['a', 'b'])))).toBe('wrong-version');
    expect(kind(decideWrite(0, ['a'], stream([])))).toBe('wrong-version');
  });

  it('behind the last one is the same write again when the same events follow it', () => {
    const verdict = decideWrite(EXPECT.noStream, ['a', 'b'], stream(['a', 'b', 'c']));
    expect(verdict).toEqual({ kind: 'idempotent', at: { revision: 1, position: 101 } });
  });

  it('behind the last one is wrong when any other event follows it, or none was to be written', () => {
    expect(kind(decideWrite(0, ['x'], stream(['a', 'b'])))).toBe('wrong-version');
    expect(kind(decideWrite(EXPECT.noStream, ['a', 'x'], stream(['a', 'b'])))).toBe('wrong-version');
    expect(kind(decideWrite(EXPECT.noStream, ['a', 'b', 'c'], stream(['a', 'b'])))).toBe('wrong-version');
    expect(kind(decideWrite(0, [], stream(['a', 'b'])))).toBe('wrong-version');
  });
});

describe('any expected revision', () => {
  it('writes events that are not known', () => {
    expect(kind(decideWrite(EXPECT.any, ['c'], stream(['a', 'b'])))).toBe('write');
    expect(kind(decideWrite(EXPECT.any, ['a'], stream(['a'], { forgotten: ['a'] })))).toBe('write');
  });

  it('recognises events it wrote lately, all of them or none', () => {
    expect(decideWrite(EXPECT.any, ['a', 'b'], stream(['a', 'b', 'c']))).toMatchObject({
      kind: 'idempotent',
      at: { revision: 1 },
    });
    expect(kind(decideWrite(EXPECT.any, ['a', 'x'], stream(['a', 'b'])))).toBe('wrong-version');
  });
});

describe('a stream that must exist', () => {
  it('exists by its events, or by its metadata alone', () => {
    expect(kind(decideWrite(EXPECT.streamExists, ['b'], stream(['a'])))).toBe('write');
    expect(kind(decideWrite(EXPECT.streamExists, ['b'], stream([], { last: NO_REVISION, hasMetadata: true })))).toBe(
      'write',
    );
    expect(kind(decideWrite(EXPECT.streamExists, ['b'], stream([])))).toBe('wrong-version');
  });
});

describe('a deleted stream', () => {
  it('that was soft-deleted comes back by a write that expects no stream, its last revision, or anything', () => {
    const deleted = stream(['a'], { softDeleted: true, hasMetadata: true });
    expect(kind(decideWrite(EXPECT.noStream, ['b'], deleted))).toBe('write');
    expect(kind(decideWrite(0, ['b'], deleted))).toBe('write');
    expect(kind(decideWrite(EXPECT.any, ['b'], deleted))).toBe('write');
    expect(kind(decideWrite(EXPECT.streamExists, ['b'], deleted))).toBe('deleted');
  });

  it('that has a tombstone never does', () => {
    const gone = stream(['a'], { last: TOMBSTONE_REVISION });
    for (const expected of [EXPECT.any, EXPECT.noStream, EXPECT.streamExists, 0]) {
      expect(kind(decideWrite(expected, ['b'], gone))).toBe('deleted');
    }
  });
});
