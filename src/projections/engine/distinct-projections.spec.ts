import { describe, expect, it } from 'vitest';
import { allProjections } from '../../capabilities.js';
import { requireDistinct } from './distinct-projections.js';
import { defineEntity, defineJournal, type Projection } from './projection.js';
import { ThingHistory } from './thing-history.queries.js';

const boxes = (name: string, table: string, category?: string, detail?: string): Projection =>
  defineEntity<{ readonly id: string }>()({
    name,
    version: 1,
    events: [],
    ...(category !== undefined && { category }),
    table: { name: table, columns: { id: 'uuid' }, key: ['id'] },
    key: () => undefined,
    evolve: (row) => row,
    ...(detail !== undefined && { details: [{ name: detail, columns: { id: 'uuid' }, key: ['id'], rows: () => [] }] }),
  });

const journal = defineJournal({
  name: 'journal',
  version: 1,
  events: 'all',
  table: { name: 'lids', columns: { position: 'bigint' }, key: ['position'] },
  rows: () => [],
});

describe('projections', () => {
  it('are all distinct in this product', () => {
    expect(() => requireDistinct(allProjections)).not.toThrow();
  });

  it('may not claim the same category, whichever comes first', () => {
    const two = [boxes('boxes', 'boxes', 'box'), boxes('crates', 'crates', 'box')];
    const message =
      'two projections claim the category box: boxes and crates; only one answers for its things: leave it out of the other';
    expect(() => requireDistinct(two)).toThrow(message);
    expect(() => requireDistinct(two.toReversed())).toThrow(/crates and boxes/);
    // Where the API begins to use them.
    const streams = { readStream: async () => undefined };
    expect(() => new ThingHistory(streams, two)).toThrow(message);
  });

  it.each([
    [boxes('boxes', 'boxes'), boxes('crates', 'boxes'), /the table boxes: boxes and crates/],
    [boxes('boxes', 'boxes', 'box', 'lids'), journal, /the table lids: boxes and journal/],
    [boxes('boxes', 'boxes'), boxes('boxes', 'crates'), /the name boxes: boxes, twice/],
  ])('may not claim the same table or name', (one, other, message) => {
    expect(() => requireDistinct([one, other])).toThrow(message);
  });

  it('may not have two tables of one name', () => {
    expect(() => requireDistinct([boxes('boxes', 'boxes', 'box', 'boxes')])).toThrow(/the table boxes: boxes, twice/);
  });
});
