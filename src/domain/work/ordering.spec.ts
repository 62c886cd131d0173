import * as fc from 'fast-check';
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import { describe, expect, it } from 'vitest';
import { comparePlaces, keyAtEnd, keyBetween } from './ordering.js';

const instant = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('6900-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.getTime());
const pair = fc.tuple(fc.tuple(instant, fc.uuid()), fc.tuple(instant, fc.uuid()));
const MORNING = Date.parse('2026-03-01T09:30:00Z');
const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

describe('the key at the end of a column', () => {
  it('grows with time, whatever the ids', () => {
    fc.assert(
      fc.property(pair, ([[early, a], [late, b]]) => {
        fc.pre(early < late);
        expect(byBytes(keyAtEnd(early, a), keyAtEnd(late, b))).toBe(-1);
      }),
    );
  });

  it('is one also of a time that its digits do not hold: a date of the year 1, east of Greenwich', () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    const key = (at: string): string => keyAtEnd(Date.parse(at), id);
    expect(key('0000-12-31T14:41:01Z')).toBe(key('0001-01-01T00:00:00Z'));
    const last = key('9999-12-31T00:00:00Z');
    expect(byBytes(key('6900-01-01T00:00:00Z'), last)).toBe(-1);
    expect(byBytes(last, generateKeyBetween(last, null))).toBe(-1);
  });

  it('differs between ids of the same millisecond', () => {
    expect(keyAtEnd(MORNING, '01890a5d-ac96-774b-bcce-b302099a8057')).not.toBe(
      keyAtEnd(MORNING, '01890a5d-ac96-774b-bcce-b302099a8058'),
    );
  });

  it('is one that fractional indexing can go on from: before, between and behind', () => {
    fc.assert(
      fc.property(pair, ([first, second]) => {
        const [low, high] = [keyAtEnd(...first), keyAtEnd(...second)].toSorted(byBytes);
        fc.pre(low !== undefined && high !== undefined && low !== high);
        const keys = [
          generateKeyBetween(null, low),
          low,
          generateKeyBetween(low, high),
          high,
          generateKeyBetween(high, null),
        ];
        expect(keys.toSorted(byBytes)).toEqual(keys);
      }),
    );
  });

  it('stands behind a task that was just moved to the end, from the next millisecond but one', () => {
    const last = keyAtEnd(MORNING, '01890a5d-ac96-774b-bcce-b302099a8057');
    const moved = keyBetween(last, undefined);
    expect(moved > last).toBe(true);
    expect(keyAtEnd(MORNING + 2, '01890a5d-ac96-774b-bcce-b302099a8058') > moved).toBe(true);
  });
});

describe('the key between two', () => {
  it('keeps any sequence of moves in the order the people saw', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 200 }), (gaps) => {
        const keys = [keyAtEnd(MORNING, '01890a5d-ac96-774b-bcce-b302099a8057')];
        for (const gap of gaps) {
          const at = gap % (keys.length + 1);
          keys.splice(at, 0, keyBetween(keys[at - 1], keys[at]));
        }
        expect(keys.toSorted(byBytes)).toEqual(keys);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 50 },
    );
  });

  it('is found for equal keys and for neighbours in the wrong order: directly behind the first', () => {
    const [low = '', middle = '', high = ''] = generateNKeysBetween(null, null, 3);
    expect(keyBetween(middle, middle) > middle).toBe(true);
    expect(keyBetween(middle, middle) < high).toBe(true);
    expect(keyBetween(middle, low) > middle).toBe(true);
    expect(generateKeyBetween(middle, keyBetween(middle, middle)) > middle).toBe(true);
  });
});

describe('the order of a column', () => {
  it('goes by key, then by id', () => {
    const [a, b, c] = [
      { position: 'Zz', id: '2' },
      { position: 'a0', id: '1' },
      { position: 'a0', id: '2' },
    ];
    expect([c, b, a].toSorted(comparePlaces)).toEqual([a, b, c]);
    expect(comparePlaces(a, a)).toBe(0);
  });
});
