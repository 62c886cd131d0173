import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { openSource } from './open-source.js';
import type { RecordSource, SourceRecord } from './source-record.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'readers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function all(source: RecordSource): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const batch of source.batches) records.push(...batch);
  return records;
}

async function read(
  name: string,
  content: string | Buffer,
): Promise<{ source: RecordSource; records: SourceRecord[] }> {
  const source = await openSource(file(name, content));
  return { source, records: await all(source) };
}

async function workbook(name: string, content: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(content)) zip.addBuffer(Buffer.from(text), path);
  zip.end();
  const path = join(folder, name);
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

const utf16be = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();

describe('a CSV file', () => {
  it.each([
    [',', 'comma'],
    [';', 'semicolon'],
    ['\t', 'tab'],
    ['|', 'bar'],
  ])('is cut at %j when that is what it is cut by', async (delimiter, name) => {
    const lines = ['a', 'b, c', 'd'].join(delimiter === ',' ? ';' : delimiter);
    const text = delimiter === ',' ? 'a,b;c,d\n1,2,3\n' : `${lines}\n${['1', 'x, y', '3'].join(delimiter)}\n`;
    const { source, records } = await read('delimited.csv', text);
    expect(source.header).toHaveLength(3);
    expect(records[0]?.columns).toHaveLength(3);
    expect(source.description()).toContain(name);
  });

  it.each([
    ['UTF-8', Buffer.from('näme,x\nJosé,1\n')],
    ['UTF-8', Buffer.from('\uFEFFnäme,x\nJosé,1\n')],
    ['UTF-16LE', Buffer.from('\uFEFFnäme,x\nJosé,1\n', 'utf16le')],
    ['UTF-16LE', Buffer.from('näme,x\nJosé,1\n', 'utf16le')],
    ['UTF-16BE', utf16be('näme,x\nJosé,1\n')],
    ['Windows-1252', Buffer.from('näme,x\nJosé,1\n', 'latin1')],
  ])('is read as %s and says so', async (encoding, content) => {
    const { source, records } = await read('encoded.csv', content);
    expect(source.header).toEqual(['näme', 'x']);
    expect(records.map((record) => record.columns)).toEqual([['José', '1']]);
    expect(source.description()).toContain(encoding);
  });

  it('is read as Windows-1252 also when the first byte beyond ASCII comes late', async () => {
    const text = `name,x\n${'abcdefg,1\n'.repeat(20_000)}Müller,2\n`;
    const { source, records } = await read('late.csv', Buffer.from(text, 'latin1'));
    expect(records.at(-1)).toEqual({ line: 20_002, columns: ['Müller', '2'] });
    expect(source.description()).toContain('Windows-1252');
  });

  it('is refused when it changes its encoding in the middle', async () => {
    const content = Buffer.concat([Buffer.from(`né,x\n${'a,1\n'.repeat(40_000)}`), Buffer.from('é,2\n', 'latin1')]);
    const source = await openSource(file('mixed.csv', content));
    await expect(all(source)).rejects.toThrow(/mixed.csv begins as UTF-8 but holds bytes that are not/);
  });

  it('is read from its gzip, and a cut-off gzip is told', async () => {
    const packed = gzipSync(`a,b\n${'1,2\n'.repeat(10_000)}`);
    const { source, records } = await read('table.csv.gz', packed);
    expect(records).toHaveLength(10_000);
    expect(source.description()).toContain('gzipped');
    const cut = file('cut.csv.gz', packed.subarray(0, packed.length - 10));
    await expect(openSource(cut).then(all)).rejects.toThrow(/cut.csv.gz is not a whole gzip file/);
  });

  it('is refused with two columns of one name, telling which', async () => {
    await expect(read('double.csv', 'id,Amount,x,Amount\n1,2,3,4\n')).rejects.toThrow(
      /two columns named "Amount" \(columns 2 and 4\)/,
    );
  });

  it('is refused when empty, or when there is no such file', async () => {
    await expect(read('empty.csv', '')).rejects.toThrow(/empty.csv is empty/);
    await expect(read('blank.csv', '\n\n')).rejects.toThrow(/blank.csv holds no line/);
    await expect(read('empty.csv.gz', gzipSync(''))).rejects.toThrow(/empty/);
    await expect(openSource(join(folder, 'none.csv'))).rejects.toThrow(/none.csv can't be read: there is no such file/);
    await expect(openSource(folder)).rejects.toThrow(/it is a folder/);
  });

  it('has no records when it has a header only', async () => {
    const { source, records } = await read('header.csv', 'a,b\n');
    expect(source.header).toEqual(['a', 'b']);
    expect(records).toEqual([]);
  });

  it('tells rows of another width, and forgives empty columns at the end', async () => {
    const { records } = await read('ragged.csv', 'a,b\n1,2,\n3\n4,5,6\n,,\n7,8\n');
    expect(records.map(({ line, problem }) => [line, problem])).toEqual([
      [2, undefined],
      [3, 'the row has 1 columns, the header 2'],
      [4, 'the row has 3 columns, the header 2'],
      [6, undefined],
    ]);
  });

  it('may be wide', async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `day ${index}`);
    const { source, records } = await read('wide.csv', `${names.join(',')}\n${names.map(() => 'NA').join(',')}\n`);
    expect(source.header).toHaveLength(5_000);
    expect(records[0]?.columns).toHaveLength(5_000);
  });

  it('is refused when its first line has no end, without taking it into memory', async () => {
    const path = join(folder, 'endless.csv.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(200_000_000, 'x')));
    const before = process.memoryUsage().rss;
    await expect(openSource(path)).rejects.toThrow(
      /no readable header: the line is longer than 1048576 characters \(line 1\)/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });
});

describe('a JSON file', () => {
  const expected = [
    { line: 2, columns: ['1', 'x "}]'], value: { a: 1, b: 'x "}]' } },
    { line: 3, columns: ['2', ''], value: { a: 2, b: [1] } },
  ];
  it.each([
    ['an array', '[\n{"a":1,"b":"x \\"}]"},\n{"a":2,"b":[1]}\n]'],
    ['one value a line', '\n{"a":1,"b":"x \\"}]"}\n{"a":2,"b":[1]}\n'],
  ])('is read as %s', async (_how, text) => {
    const { source, records } = await read('values.json', text);
    expect(source.header).toEqual(['a', 'b']);
    expect(records).toEqual(expected);
  });

  it('is read whatever the chunks, gzipped too', async () => {
    const values = Array.from({ length: 5_000 }, (_, index) => ({ id: index, text: `\\"é${'x'.repeat(index % 97)}` }));
    const { records } = await read('many.json.gz', gzipSync(JSON.stringify(values, undefined, 1)));
    expect(records.map((record) => record.value)).toEqual(values);
  });

  it('keeps whole numbers exactly, also those of more digits than a double holds', async () => {
    const text =
      '{"id":7012345678901234567,"n":-1234567890123456,"x":1234567890123456.5,"s":"say \\"7012345678901234567\\"","at":[9007199254740993]}';
    const { records } = await read('ids.jsonl', `${text}\n`);
    expect(records[0]).toMatchObject({
      columns: ['7012345678901234567', '-1234567890123456', '1234567890123456.5', 'say "7012345678901234567"', ''],
      value: { at: ['9007199254740993'] },
    });
    const { records: bad } = await read('bad.jsonl', '{12345678901234567890:1}\n');
    expect(bad[0]?.problem).toMatch(/not valid JSON/);
  });

  it('tells that an array was cut short, also between two of its values', async () => {
    for (const end of ['', ',', ',\n']) {
      const { records } = await read('cut.json', `[{"a":1},\n{"a":2}${end}`);
      expect(records.map(({ problem }) => problem)).toEqual([undefined, undefined, expect.stringContaining('ends within its array')]); // prettier-ignore
    }
    const { records } = await read('whole.json', '[{"a":1},\n{"a":2}]\n');
    expect(records).toHaveLength(2);
  });

  it('tells a value that is not JSON and takes the next', async () => {
    const { records } = await read('bad.jsonl', '{"a":1}\n{"a":tru}\n{"a":3}\n');
    expect(records.map(({ line, problem }) => [line, problem?.slice(0, 14)])).toEqual([
      [1, undefined],
      [2, 'not valid JSON'],
      [3, undefined],
    ]);
  });

  it('tells a value that the file ends in', async () => {
    const { records } = await read('cut.jsonl', '{"a":1}\n{"a":');
    expect(records[1]).toMatchObject({ line: 2, problem: 'the file ends within this value' });
  });

  it('is refused when one value never ends', async () => {
    await expect(read('endless.json', `{"a":"${'x'.repeat(20_000_000)}"}`)).rejects.toThrow(/longer than 16777216/);
  });
});

describe('a file that is not what it says', () => {
  it.each([
    ['table.csv', Buffer.from('%PDF-1.7\n'), /is a PDF/],
    ['table.csv', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /old Excel workbook/],
    ['table.csv', Buffer.from('<!DOCTYPE html><html>'), /a web page/],
    ['table.csv', Buffer.from('a,b\n1,\u0000\n'), /zero bytes/],
    ['book.xlsx', Buffer.from('a,b\n1,2\n'), /named like a workbook but is none/],
    ['values.json', Buffer.from('a,b\n1,2\n'), /named like JSON but begins with "a,b/],
    ['table.csv.gz', Buffer.from('a,b\n1,2\n'), /named .gz but is not compressed/],
    ['book.xlsx', Buffer.from('504b0304000000000000', 'hex'), /archive is damaged/],
  ])('%s is refused', async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message);
  });
});

describe('a workbook', () => {
  const parts = {
    'xl/workbook.xml':
      '<workbook><sheets><sheet name="Tills" r:id="rId7"/><sheet name="Other" r:id="rId8"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': '<Relationships><Relationship Id="rId7" Target="worksheets/s.xml"/></Relationships>',
    'xl/sharedStrings.xml': '<sst><si><t>Name</t></si><si><r><t>Jo</t></r><r><t>sé &amp; Co</t></r></si></sst>',
    'xl/styles.xml':
      '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy hh:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    'xl/worksheets/s.xml':
      '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>When</t></is></c><c r="C1" t="str"><v>Amount</v></c></row>' +
      '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" s="1"><v>42006.404861111114</v></c><c r="C3"><v>2.5499999999999998</v></c></row>' +
      '<row r="4"><c r="B4" s="2"><v>42006</v></c></row></sheetData></worksheet>',
  };

  it('is read from its first sheet: texts, dates as ISO, numbers as shown, empty cells, row numbers', async () => {
    const source = await openSource(await workbook('book.xlsx', parts));
    expect(source.header).toEqual(['Name', 'When', 'Amount']);
    expect(await all(source)).toEqual([
      { line: 3, columns: ['José & Co', '2015-01-02 09:43:00', '2.55'] },
      { line: 4, columns: ['', '2015-01-02', ''] },
    ]);
    expect(source.description()).toBe('XLSX, sheet Tills');
  });

  it('is refused without a sheet, and when its XML is damaged', async () => {
    const noSheet = await workbook('none.xlsx', { 'xl/workbook.xml': '<workbook/>' });
    await expect(openSource(noSheet)).rejects.toThrow(/it has no sheet/);
    const damaged = await workbook('damaged.xlsx', { ...parts, 'xl/worksheets/s.xml': '<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></row>' }); // prettier-ignore
    await expect(openSource(damaged).then(all)).rejects.toThrow(/damaged/);
  });

  it('made to burst its reader is refused before it fills the memory', async () => {
    const path = await workbook('bomb.xlsx', { ...parts, 'xl/sharedStrings.xml': `<sst><si><t>${'x'.repeat(80_000_000)}</t></si></sst>` }); // prettier-ignore
    await expect(openSource(path)).rejects.toThrow(/64 million characters/);
  });
});
