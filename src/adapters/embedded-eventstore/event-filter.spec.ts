import { describe, expect, it } from 'vitest';
import { InvalidFilter, matcherOf, visibleInAll } from './event-filter.js';

const byType = (regex: string, ...prefixes: string[]) => {
  const matches = matcherOf({ by: 'type', regex, prefixes });
  return (type: string) => matches({ type, stream: 's' });
};

describe('a filter', () => {
  it('by expression looks anywhere in the name, unless it is anchored', () => {
    expect(byType('an')('Banana')).toBe(true);
    expect(byType('^an')('Banana')).toBe(false);
    expect(byType('^[^$].*')('$metadata')).toBe(false);
  });

  it('understands what clients write for .NET', () => {
    expect(byType('(?i)^BAN')('banana')).toBe(true);
    expect(byType('\\Aa')('ba')).toBe(false);
    expect(byType('a\\z')('ab')).toBe(false);
    expect(byType('a\\Z')('ba')).toBe(true);
    expect(byType('^user\\-\\d+\\_x$')('user-12_x')).toBe(true);
    expect(byType('^a\\\\-b$')('a\\-b')).toBe(true);
    expect(byType('^[a\\-z]$')('b')).toBe(false);
    expect(byType('^work\\.')('work.TaskCreated')).toBe(true);
  });

  it('takes a time that grows with the text alone, whatever its expression', () => {
    // Tried one after the other, there are 2^200 ways to divide these.
    expect(byType('^(a+)+$')(`${'a'.repeat(200)}b`)).toBe(false);
    expect(byType('(?i)^(.*,)*x')('a,'.repeat(100))).toBe(false);
  });

  it('is refused when it can’t be understood, or says nothing', () => {
    for (const regex of ['(', '(?x)a b', '(?>a)', '\\G', '(?!a)b', '(a)\\1', ''])
      expect(() => byType(regex)).toThrow(InvalidFilter);
  });

  it('by prefixes wants any of them, as they are written', () => {
    const matches = byType('', 'work.', 'sales.');
    expect(['work.A', 'sales.B', 'Work.A', 'xwork.'].map(matches)).toEqual([true, true, false, false]);
  });

  it('by expression counts for more than by prefix', () => {
    expect(byType('^a', 'b')('b')).toBe(false);
  });

  it('never shows what a real node hides in $all, and shows the rest of its streams', () => {
    const hidden = ['$persistentsubscription-$all::g-checkpoint', '$persistentsubscription-$all::a::b-parked'];
    const shown = [
      '$persistentsubscription-orders::g-checkpoint',
      '$$$persistentsubscription-$all::g-parked',
      '$users',
    ];
    for (const stream of hidden) expect(visibleInAll({ type: 'x', stream })).toBe(false);
    for (const stream of shown) expect(visibleInAll({ type: 'x', stream })).toBe(true);
    expect(visibleInAll({ type: '$epoch-information', stream: 'x' })).toBe(false);
    const everything = matcherOf({ by: 'stream', regex: '.', prefixes: [] });
    expect(everything({ type: 'x', stream: hidden[0] ?? '' })).toBe(false);
  });
});
