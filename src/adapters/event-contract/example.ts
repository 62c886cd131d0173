/** An example of what a schema describes. One that a schema gives itself comes first; what is made up is plainly so. */
import { branchesOf, isSchema, partsOf, type JsonSchema } from './json-schema.js';

const TEXTS: Readonly<Record<string, string>> = {
  date: '2026-03-01',
  'date-time': '2026-03-01T09:30:00.000Z',
  uuid: '0190a6f2-3c00-7000-8000-000000000001',
};

export function exampleOf(schema: JsonSchema): unknown {
  const given = [schema['examples'], schema['enum']].find((values) => Array.isArray(values) && values.length > 0);
  if (Array.isArray(given)) return given[0];
  if ('const' in schema) return schema['const'];
  const [first] = branchesOf(schema);
  if (first) return exampleOf(first);
  const types: unknown = schema['type'];
  switch (Array.isArray(types) ? types[0] : types) {
    case 'object':
      return Object.fromEntries(
        Object.entries(partsOf(schema['properties'])).map(([name, part]) => [name, exampleOf(part)]),
      );
    case 'array':
      return isSchema(schema['items']) ? [exampleOf(schema['items'])] : [];
    case 'integer':
    case 'number':
      return Math.max(1, numberOf(schema['minimum']), numberOf(schema['exclusiveMinimum']) + 1);
    case 'boolean':
      return true;
    default:
      return TEXTS[String(schema['format'])] ?? 'text';
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : -Infinity);
