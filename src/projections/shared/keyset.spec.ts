import { describe, expect, it } from 'vitest';
import { keysetOrder, keysetSql } from './keyset.js';

const ascending = keysetOrder('tasks', [
  { sql: 't.position', field: 'position', type: 'text' },
  { sql: 't.id', field: 'id', type: 'uuid' },
]);
const mixed = keysetOrder('sales', [
  { sql: 's.day', field: 'day', type: 'date', direction: 'desc' },
  { sql: 's.id', field: 'id', type: 'uuid' },
]);

describe('a page in SQL', () => {
  it('reads the first one without a condition', () => {
    expect(keysetSql(ascending, { limit: 21, backwards: false }, 2)).toEqual({
      where: 'true',
      orderBy: 't.position ASC, t.id ASC',
      limit: 21,
      parameters: [],
    });
  });

  it('compares rows where one direction holds throughout, which an index answers', () => {
    const page = { limit: 21, backwards: false, from: ['a0', 'x'] };
    expect(keysetSql(ascending, page, 2).where).toBe('(t.position, t.id) > ($2::text, $3::uuid)');
    expect(keysetSql(ascending, { ...page, backwards: true }, 2)).toMatchObject({
      where: '(t.position, t.id) < ($2::text, $3::uuid)',
      orderBy: 't.position DESC, t.id DESC',
      parameters: ['a0', 'x'],
    });
  });

  it('names the alternatives where directions differ', () => {
    const page = { limit: 21, backwards: false, from: ['2026-03-01', 'x'] };
    expect(keysetSql(mixed, page, 4)).toMatchObject({
      where: '((s.day < $4::date) OR (s.day = $4::date AND s.id > $5::uuid))',
      orderBy: 's.day DESC, s.id ASC',
    });
    expect(keysetSql(mixed, { ...page, backwards: true }, 4)).toMatchObject({
      where: '((s.day > $4::date) OR (s.day = $4::date AND s.id < $5::uuid))',
      orderBy: 's.day ASC, s.id DESC',
    });
  });
});
