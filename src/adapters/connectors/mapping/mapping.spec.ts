import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { columnsOf, mappingSchema, sourceOf } from './mapping.js';
import { loadMapping, shippedMappings } from './shipped.js';

const folder = mkdtempSync(join(tmpdir(), 'mappings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const units = { name: 'sites', kind: 'units', fields: { code: 'Code', name: 'Name' } };
const sales = {
  name: 'tills',
  kind: 'sales',
  fields: { reference: 'No', date: 'Day', sku: 'Sku', quantity: 'Qty', amount: { template: '{Net}' } },
  categories: ['Group', { column: 'Subgroup' }],
  leaveOut: [{ column: 'State', is: ['void'] }],
};

describe('a mapping', () => {
  it('is found by the name of a shipped one, and every shipped one is right', () => {
    for (const { name } of shippedMappings()) expect(loadMapping(name).name).toBe(name);
  });

  it('is read from a file, with what it leaves open', () => {
    expect(loadMapping(file('units.json', JSON.stringify(units)))).toMatchObject({
      ...units,
      dates: [],
      decimals: { point: '.' },
      missing: [],
    });
  });

  it('names its ids by its source, else by its name', () => {
    expect(sourceOf(mappingSchema.parse(units))).toBe('sites');
    expect(sourceOf(mappingSchema.parse({ ...units, source: 'old sites' }))).toBe('old sites');
  });

  it('knows every column it reads', () => {
    expect(columnsOf(mappingSchema.parse(sales))).toEqual([
      'No',
      'Day',
      'Sku',
      'Qty',
      'Net',
      'Group',
      'Subgroup',
      'State',
    ]);
  });

  it.each([
    ['no JSON', '{"name": ', /The mapping bad.json can't be read: .*JSON/],
    ['of no kind', JSON.stringify({ ...units, kind: 'things' }), /The mapping bad.json is not right/],
    ['without a field it needs', JSON.stringify({ ...units, fields: { code: 'Code' } }), /is not right/],
    ['with a field there is not', JSON.stringify({ ...units, fields: { ...units.fields, colour: 'c' } }), /is not right/], // prettier-ignore
    ['without price and amount', JSON.stringify({ ...sales, fields: { ...sales.fields, amount: undefined } }), /is not right/], // prettier-ignore
    ['with a date without a year', JSON.stringify({ ...units, dates: ['dd/MM'] }), /is not right/],
    ['with a way to the next page there is not', JSON.stringify({ ...units, http: { next: [{ by: 'luck' }] } }), /is not right/], // prettier-ignore
  ])('is refused when it is %s', (_, content, message) => {
    expect(() => loadMapping(file('bad.json', content))).toThrow(message);
  });

  it('that is not there is told with those that are', () => {
    expect(() => loadMapping('nowhere.json')).toThrow(/nowhere.json can't be read.*online-retail/);
  });
});
