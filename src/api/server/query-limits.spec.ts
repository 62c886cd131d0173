import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { queryLimits } from './query-limits.js';

const schema = buildSchema(`
  type Query { things(first: Int, last: Int): Things, thing: Thing }
  type Things { nodes: [Thing!]! }
  type Thing { id: ID, next: Thing, things(first: Int): Things }
`);
const problems = (query: string): string[] =>
  validate(schema, parse(query), [queryLimits]).map(({ message }) => message);
const nested = (depth: number): string => `{ thing ${'{ next '.repeat(depth - 1)}{ id }${' }'.repeat(depth)}`;
const page = (size: string): string => `{ things(${size}) { nodes { things(${size}) { nodes { id next { id } } } } } }`;

describe('an operation', () => {
  it('may be nested 12 deep and no deeper', () => {
    expect(problems(nested(11))).toEqual([]);
    expect(problems(nested(12))).toEqual([expect.stringMatching(/nested 13 deep/)]);
  });

  it('counts a page as often as its size says, the largest size when it is a variable', () => {
    expect(problems(page('first: 10'))).toEqual([]);
    expect(problems(`query ($n: Int) ${page('first: $n')}`)).toEqual([]);
    const thrice =
      '{ things(first: 100) { nodes { things(first: 100) { nodes { things(first: 100) { nodes { id } } } } } } }';
    expect(problems(thrice)).toEqual([expect.stringMatching(/at most 50000/)]);
    expect(problems(`query ($n: Int) ${thrice.replaceAll('100', '$n')}`)).toHaveLength(1);
  });

  it('counts through fragments, in time even when they double and double again', () => {
    const bomb = Array.from(
      { length: 40 },
      (_, i) => `fragment F${i} on Thing { ...F${i + 1} a${i}: next { ...F${i + 1} } }`,
    );
    const query = `{ thing { ...F0 } } ${bomb.join(' ')} fragment F40 on Thing { id }`;
    expect(problems(query).length).toBeGreaterThan(0);
  });

  it('goes through a fragment within itself once', () => {
    expect(problems('{ thing { ...A } } fragment A on Thing { id next { ...A } }')).toEqual([]);
  });

  it('may introspect as deep as tools do', () => {
    expect(
      problems(
        '{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } } } } }',
      ),
    ).toEqual([]);
  });
});
