import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RejectsFile } from './rejects-file.js';

describe('the file of rejected records', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'teampulse-rejects-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds nothing that a spreadsheet would run, and leaves numbers as they stood', () => {
    const file = new RejectsFile(join(folder, 'a.csv'));
    for (const value of ['=1+1', '-2+3+cmd|x', '-12.50', '@SUM(A1)', 'a,"b"', '-']) {
      file.write([{ source: 's.csv', line: 2, column: 'Price', value, reason: 'no' }]);
    }
    file.close();
    const lines = readFileSync(file.path, 'utf8').trimEnd().split('\n');
    expect(lines).toEqual([
      'file,line,column,value,reason',
      ...["'=1+1", "'-2+3+cmd|x", '-12.50', "'@SUM(A1)", '"a,""b"""', "'-"].map((cell) => `s.csv,2,Price,${cell},no`),
    ]);
  });
});
