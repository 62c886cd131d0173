/** Opens a file of any kind that can be imported. */
import { readCsv } from './csv-reader.js';
import { openFile } from './file-format.js';
import { readJson } from './json-reader.js';
import type { RecordSource } from './source-record.js';
import { readXlsx } from './xlsx-reader.js';

const READERS = { csv: readCsv, json: readJson, xlsx: readXlsx } as const;

/** @throws UnreadableSource with what, where and what to do */
export async function openSource(path: string): Promise<RecordSource> {
  const file = await openFile(path);
  return READERS[file.format](file);
}
