import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvScanner } from './csv-scanner.js';
import type { SourceRecord } from './source-record.js';

const scan = (text: string, chunk = text.length || 1, scanner = new CsvScanner(',')): SourceRecord[] => {
  const records: SourceRecord[] = [];
  for (let at = 0; at < text.length; at += chunk) records.push(...scanner.write(text.slice(at, at + chunk)));
  return [...records, ...scanner.end()];
};
const columns = (records: readonly SourceRecord[]): (readonly string[])[] => records.map((record) => record.columns);

describe('a CSV scanner', () => {
  it('reads quotes, doubled quotes, line breaks in quotes, blank lines and every line end', () => {
    const text = 'a,b\r\n"x,1","say ""hi"""\n\n"two\nlines",2\r\nlast,';
    for (const chunk of [1, 2, 3, 7, 100]) {
      const records = scan(text, chunk);
      expect(columns(records)).toEqual([
        ['a', 'b'],
        ['x,1', 'say "hi"'],
        ['two\nlines', '2'],
        ['last', ''],
      ]);
      expect(records.map((record) => record.line)).toEqual([1, 2, 4, 6]);
    }
  });

  it('agrees with csv-parse, whatever the values and wherever the chunks end', () => {
    const value = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', '7') });
    const table = fc.array(fc.array(value, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 40 }), fc.constantFrom('\n', '\r\n'), (rows, chunk, lineEnd) => {
        const text = rows.map((row) => row.map((part) => `"${part.replaceAll('"', '""')}"`).join(',')).join(lineEnd);
        const expected = parse(text, { relax_column_count: true, record_delimiter: ['\r\n', '\n'] });
        expect(columns(scan(text, chunk))).toEqual(expected);
      }),
    );
  });

  it('keeps a quote inside an unquoted field as it stands', () => {
    expect(columns(scan('5" pipe,2\n6" pipe,3\n'))).toEqual([['5" pipe', '2'], ['6" pipe', '3']]); // prettier-ignore
  });

  it('tells a malformed record with its line and reads the very next line', () => {
    const records = scan('a,b\n1,"x"y\n2,3\n');
    expect(records[1]).toMatchObject({ line: 2, problem: 'text follows a closing quote in column 2' });
    expect(records[2]).toEqual({ line: 3, columns: ['2', '3'] });
  });

  it('tells a quote that is never closed and still reads the lines after it', () => {
    for (const chunk of [3, 1000]) {
      const records = scan('a,b\n1,"x\n2,3\n4,5', chunk);
      expect(records.map((record) => record.line)).toEqual([1, 2, 3, 4]);
      expect(records[1]?.problem).toMatch(/quote that opens on this line is not closed/);
    }
  });

  it('drops a line beyond the bound without holding it, and reads on behind it', () => {
    const scanner = new CsvScanner(',', '\n', 1_000);
    const records = scanner.write('a,b\n');
    for (let part = 0; part < 5_000; part += 1) records.push(...scanner.write('x'.repeat(1_000)));
    records.push(...scanner.write('\n1,2\n'), ...scanner.end());
    expect(records.map(({ line, problem }) => ({ line, problem }))).toEqual([
      { line: 1, problem: undefined },
      { line: 2, problem: 'the line is longer than 1000 characters' },
      { line: 3, problem: undefined },
    ]);
  });

  it('reads the line ends of old Macintosh files when told', () => {
    expect(columns(scan('a,b\r1,2\r', 2, new CsvScanner(',', '\r')))).toEqual([['a', 'b'], ['1', '2']]); // prettier-ignore
  });
});
