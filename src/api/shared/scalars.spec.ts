import * as fc from 'fast-check';
import { valueFromASTUntyped, parseValue, type GraphQLScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { scalars } from './scalars.js';

const read = (scalar: GraphQLScalarType, value: unknown): unknown => scalar.parseValue(value);
const written = (scalar: GraphQLScalarType, text: string): unknown => scalar.parseLiteral(parseValue(text), {});

describe('scalars read', () => {
  it.each<[keyof typeof scalars, string, unknown]>([
    ['UUID', '01890A5D-AC96-774B-BCCE-B302099A8057', '01890a5d-ac96-774b-bcce-b302099a8057'],
    ['DateTime', '2026-03-01T09:30Z', '2026-03-01T09:30:00.000Z'],
    ['DateTime', '2026-03-01T01:30:00.5+02:00', '2026-02-28T23:30:00.500Z'],
    ['Date', '2028-02-29', '2028-02-29'],
    ['TimeOfDay', '23:59', '23:59'],
    ['Decimal', '-12.50', '-12.50'],
    ['Position', '42/41', { commit: 42n, prepare: 41n }],
  ])('%s: %s', (name, text, value) => {
    expect(read(scalars[name], text)).toEqual(value);
    expect(written(scalars[name], JSON.stringify(text))).toEqual(value);
  });

  it.each<[keyof typeof scalars, unknown]>([
    ['UUID', '01890a5dac96774bbcceb302099a8057'],
    ['UUID', 7],
    ['DateTime', '2026-03-01T09:30:00'],
    ['DateTime', '2026-02-30T09:30:00Z'],
    ['DateTime', '2026-03-01T25:00:00Z'],
    ['DateTime', '2026-03-01 09:30:00Z'],
    ['DateTime', '0000-01-01T00:00:00Z'],
    ['DateTime', '0001-01-01T00:00:00+14:00'],
    ['DateTime', '9999-12-31T23:59:59-14:00'],
    ['Date', '0000-01-01'],
    ['Date', '2026-02-30'],
    ['Date', '2027-02-29'],
    ['Date', '2026-3-1'],
    ['TimeOfDay', '24:00'],
    ['TimeOfDay', '9:30'],
    ['Decimal', '1,234.50'],
    ['Decimal', '1,234.5O'],
    ['Decimal', ' 1'],
    ['Decimal', '1e3'],
    ['Decimal', 12.5],
    ['Position', '42'],
    ['Position', '-1/1'],
    ['Position', '9223372036854775808/1'],
    ['Position', null],
  ])('%s: refuses %j, names it and says what is wanted', (name, value) => {
    expect(() => read(scalars[name], value)).toThrow(/is not a \w+: ./);
    expect(() => read(scalars[name], value)).toThrow(JSON.stringify(value));
  });

  it('refuse numbers written where a text belongs, also in the query itself', () => {
    expect(() => written(scalars.Decimal, '12.5')).toThrow(/12\.5.* is not a Decimal/);
    expect(() => written(scalars.Date, 'TODAY')).toThrow(/TODAY.* is not a Date/);
  });

  it('repeat no more of what was sent than fits a message', () => {
    expect(() => read(scalars.UUID, 'x'.repeat(10_000))).toThrow(/^.{1,200}$/);
  });

  it('take every instant that ISO 8601 can write, as UTC', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(read(scalars.DateTime, date.toISOString())).toBe(date.toISOString());
        },
      ),
    );
  });
});

describe('scalars write', () => {
  it.each<[keyof typeof scalars, unknown, string]>([
    ['DateTime', '2026-03-01T09:30:00.000Z', '2026-03-01T09:30:00.000Z'],
    ['DateTime', '2026-03-01 09:30:00+00', '2026-03-01T09:30:00.000Z'],
    ['DateTime', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['Decimal', 12_345_678_901_234_567_890n, '12345678901234567890'],
    ['Decimal', 7, '7'],
    ['Position', { commit: 42n, prepare: 41n }, '42/41'],
  ])('%s: %s', (name, value, text) => {
    expect(scalars[name].serialize(value)).toBe(text);
  });

  it.each<[keyof typeof scalars, unknown]>([
    ['DateTime', 'yesterday'],
    ['Decimal', 0.1],
    ['Position', 42],
    ['UUID', 7],
  ])('%s: fails rather than write %j wrongly', (name, value) => {
    expect(() => scalars[name].serialize(value)).toThrow(TypeError);
  });

  it('a position so that it is read back as the same place', () => {
    const place = fc.record({ commit: fc.bigInt(0n, 2n ** 63n - 1n), prepare: fc.bigInt(0n, 2n ** 63n - 1n) });
    fc.assert(
      fc.property(place, (position) => {
        expect(read(scalars.Position, scalars.Position.serialize(position))).toEqual(position);
      }),
    );
  });
});

describe('JSON', () => {
  it('written in the query is read as it would be as a variable', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        // Keys of GraphQL objects are names, so values are wrapped in lists and one known key.
        const text = `{ list: [${literal(value)}] }`;
        const node = parseValue(text);
        expect(scalars.JSON.parseLiteral(node, {})).toEqual(valueFromASTUntyped(node));
      }),
    );
    expect(scalars.JSON.parseLiteral(parseValue('{ a: [1, 2.5, null, true, "x", $v] }'), { v: { b: 1 } })).toEqual({
      a: [1, 2.5, null, true, 'x', { b: 1 }],
    });
  });
});

const literal = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(literal).join(', ')}]` : typeof value === 'object' && value !== null ? '{}' : JSON.stringify(value); // prettier-ignore
