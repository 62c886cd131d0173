import { describe, expect, it } from 'vitest';
import { diffValues } from './diff-values.js';

describe('the difference of two states', () => {
  it('names every field that differs, inside lists and objects too', () => {
    const before = { title: 'a', labels: ['x', 'y'], lines: [{ sku: '1', quantity: 2 }], same: { deep: [1] }, gone: 1 };
    const after = { title: 'b', labels: ['x'], lines: [{ sku: '1', quantity: 3 }], same: { deep: [1] }, come: true };
    expect(diffValues(before, after)).toEqual([
      { path: 'title', before: 'a', after: 'b' },
      { path: 'labels[1]', before: 'y', after: null },
      { path: 'lines[0].quantity', before: 2, after: 3 },
      { path: 'gone', before: 1, after: null },
      { path: 'come', before: null, after: true },
    ]);
  });

  it('takes a field that is not there for null, and a whole that is another for one change', () => {
    expect(diffValues({ a: null }, {})).toEqual([]);
    expect(diffValues({ a: [1] }, { a: { b: 1 } })).toEqual([{ path: 'a', before: [1], after: { b: 1 } }]);
    expect(diffValues(null, { a: 1 })).toEqual([{ path: '', before: null, after: { a: 1 } }]);
  });
});
