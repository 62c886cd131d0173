import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide, type LiveWorker, type OwnedShare } from './balance.js';

const worker = (id: string, ...runs: string[]): LiveWorker => ({ id, runs: new Set(runs) });
const shares = (count: number, owner: (i: number) => string | undefined = () => undefined, runs = 'tasks@1'): OwnedShare[] =>
  Array.from({ length: count }, (_, i) => ({ key: `${runs}/${i}`, runs, owner: owner(i) })); // prettier-ignore
const loadsOf = (owners: ReadonlyMap<string, string>): Record<string, number> => {
  const loads: Record<string, number> = {};
  for (const owner of owners.values()) loads[owner] = (loads[owner] ?? 0) + 1;
  return loads;
};
const moved = (before: readonly OwnedShare[], after: ReadonlyMap<string, string>): number =>
  before.filter(({ key, owner }) => after.get(key) !== owner).length;

describe('dividing the work', () => {
  const [a, b, c] = [worker('a', 'tasks@1'), worker('b', 'tasks@1'), worker('c', 'tasks@1')];

  it('gives all to the only one, and a half to each of two', () => {
    expect(loadsOf(divide(shares(7), [a]))).toEqual({ a: 7 });
    expect(loadsOf(divide(shares(7), [a, b]))).toEqual({ a: 4, b: 3 });
  });

  it('moves to one who joins no more than his part', () => {
    const before = shares(9, (i) => (i % 2 === 0 ? 'a' : 'b'));
    const after = divide(before, [a, b, c]);
    expect(loadsOf(after)).toEqual({ a: 3, b: 3, c: 3 });
    expect(moved(before, after)).toBe(3);
  });

  it('moves only what the dead one had', () => {
    const before = shares(9, (i) => ['a', 'b', 'c'][i % 3]);
    const after = divide(before, [a, b]);
    expect(moved(before, after)).toBe(3);
    expect(loadsOf(after)).toEqual({ a: 5, b: 4 });
  });

  it('gives nobody what his code can not run, and leaves nothing that somebody can', () => {
    const old = worker('old', 'sales@1', 'tasks@1');
    const fresh = worker('fresh', 'sales@2', 'tasks@1');
    const work = [...shares(4, () => undefined, 'sales@1'), ...shares(2, () => undefined, 'sales@2'), ...shares(2)];
    const after = divide(work, [old, fresh]);
    expect(work.filter(({ runs }) => runs === 'sales@1').every(({ key }) => after.get(key) === 'old')).toBe(true);
    expect(work.filter(({ runs }) => runs === 'sales@2').every(({ key }) => after.get(key) === 'fresh')).toBe(true);
    expect(loadsOf(after)).toEqual({ old: 4, fresh: 4 });
    expect(
      divide(
        shares(2, () => undefined, 'gone@1'),
        [old, fresh],
      ),
    ).toEqual(new Map());
  });

  it('is fair and settled, whoever had what before', () => {
    const ids = ['a', 'b', 'c', 'd', 'dead'];
    fc.assert(
      fc.property(fc.array(fc.option(fc.constantFrom(...ids), { nil: undefined }), { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (owners, count) => {
        const workers = ids.slice(0, count).map((id) => worker(id, 'tasks@1'));
        const before = shares(owners.length, (i) => owners[i]);
        const after = divide(before, workers);
        expect(after.size).toBe(before.length);
        for (const load of Object.values(loadsOf(after))) expect(load).toBeLessThanOrEqual(Math.ceil(before.length / count));
        // When it is so, nothing moves any more.
        const settled = before.map((share) => ({ ...share, owner: after.get(share.key) }));
        expect(divide(settled, workers)).toEqual(after);
      }),
    ); // prettier-ignore
  });
});
