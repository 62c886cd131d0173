import { makeExecutableSchema } from '@graphql-tools/schema';
import { parse, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { scalars } from '../shared/scalars.js';
import { compileOperation, Executor, runPlain } from './executor.js';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const things = [
  { id: ID, kind: 'A', tags: ['x', 'y'], price: 10n, at: '2026-03-01T09:30:00.000Z' },
  { id: ID, kind: 'B', tags: [], price: '1.50', at: new Date(0) },
];
const schema = makeExecutableSchema({
  typeDefs: `
    scalar UUID scalar DateTime scalar Date scalar TimeOfDay scalar Decimal scalar Position scalar JSON
    enum Kind { A B }
    input Filter { kind: Kind = A, ids: [UUID!], day: Date }
    interface Named { name: String! }
    type Thing implements Named { id: UUID! kind: Kind! tags: [String!]! price: Decimal at: DateTime! name: String! next: Thing broken: String mustBreak: String! args(a: Int = 3, json: JSON): String }
    type Query { things(filter: Filter, first: Int = 2): [Thing!]! thing(id: UUID!): Thing named: [Named!]! none: Thing position(at: Position): Position }
    type Mutation { one: Int two: Int fails: Int }
  `,
  resolvers: {
    ...scalars,
    Named: { __resolveType: () => 'Thing' },
    Query: {
      things: async (_: unknown, { first }: { first: number }) => things.slice(0, first),
      thing: () => things[0],
      named: () => things,
      none: () => null,
      position: (_: unknown, { at }: { at: unknown }) => at ?? { commit: 5n, prepare: 4n },
    },
    Mutation: {
      one: async () => 1,
      two: () => 2,
      fails: async () => {
        throw new Error('no');
      },
    },
    Thing: {
      name: async ({ kind }: { kind: string }) => `thing ${kind}`,
      next: async () => things[1],
      broken: async () => {
        throw new Error('broken');
      },
      mustBreak: () => {
        throw new Error('must break');
      },
      args: (_: unknown, args: object) => JSON.stringify(args),
    },
  },
});

const operations: [name: string, text: string, variables?: Record<string, unknown>][] = [
  ['nested objects, aliases and arguments with defaults', '{ things { id kind tags price at n: name args next { id args(a: 4, json: {a: [1, "x", null]}) } } }'],
  ['fragments and interfaces', '{ named { __typename name ...T ... on Thing { kind } } } fragment T on Thing { id next { ...U } } fragment U on Thing { name }'],
  ['variables, given and defaulted', 'query ($f: Filter, $n: Int = 1, $j: JSON) { things(filter: $f, first: $n) { id args(json: $j) } }', { f: { ids: [ID] }, j: { deep: [1, { a: 'b' }] } }],
  ['skip and include', 'query ($yes: Boolean!, $no: Boolean!) { things { id @include(if: $yes) kind @skip(if: $yes) ...T @include(if: $no) } } fragment T on Thing { name }', { yes: true, no: false }],
  ['an error in a nullable field', '{ things { id broken } }'],
  ['an error in a field that may not be null', '{ none { id } thing(id: "01890a5d-ac96-774b-bcce-b302099a8057") { mustBreak } }'],
  ['an error that takes the whole answer with it', '{ things { mustBreak } }'],
  ['mutations, one after the other', 'mutation { one fails two }'],
  ['scalars in and out', 'query ($p: Position) { position(at: $p) b: position }', { p: '12/11' }],
  ['a wrong variable', 'query ($id: UUID!) { thing(id: $id) { id } }', { id: 'x' }],
  ['a missing variable', 'query ($id: UUID!) { thing(id: $id) { id } }'],
  ['a wrong day inside an input', 'query ($f: Filter) { things(filter: $f) { id } }', { f: { day: '2026-02-30' } }],
  ['introspection', '{ __schema { queryType { name } types { name kind } } __type(name: "Thing") { fields { name type { name kind ofType { name } } } } }'],
]; // prettier-ignore

/** As it goes over the wire, without the order of errors that run side by side. */
const wire = ({ data, errors }: ExecutionResult): unknown => ({
  data: JSON.parse(JSON.stringify(data ?? null)),
  errors: (errors ?? [])
    .map((error) => ({ message: error.message, path: error.path, locations: error.locations }))
    .toSorted((a, b) => JSON.stringify(a.path).localeCompare(JSON.stringify(b.path))),
});

describe('a compiled operation', () => {
  it.each(operations)('answers as graphql-js does: %s', async (_, text, variables = {}) => {
    const document = parse(text);
    const executor = new Executor(schema);
    const plain = await runPlain(schema, { document, variables, context: {} });
    expect(compileOperation(schema, document, '')).toBeDefined();
    // The first time plain, from the second on compiled.
    for (let i = 0; i < 3; i += 1) {
      expect(wire(await executor.run({ document, variables, context: {} }))).toEqual(wire(plain));
    }
  });

  it('is chosen by name among several', async () => {
    const document = parse('query A { none { id } } query B { position }');
    const executor = new Executor(schema);
    for (let i = 0; i < 3; i += 1) {
      expect((await executor.run({ document, operationName: 'B', context: {} })).data).toEqual({ position: '5/4' });
    }
  });
});
