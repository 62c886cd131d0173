/** The first sheet of a workbook as records: streamed row by row, dates as ISO text, every row with its number. */
import { StringDecoder } from 'node:string_decoder';
import { checkHeader } from './csv-reader.js';
import type { OpenedFile } from './file-format.js';
import { MAX_RECORD_LENGTH, UnreadableSource, type RecordSource, type SourceRecord } from './source-record.js';
import { openWorkbook, xmlParser, type Workbook } from './xlsx-archive.js';

/** Excel's own bound; a cell reference beyond it is made up, and would make an array of its size. */
const MAX_COLUMN = 16_384;

/** @throws UnreadableSource when it is no workbook, or its first sheet has no usable header */
export async function readXlsx(file: OpenedFile): Promise<RecordSource> {
  const workbook = await openWorkbook(file.path, file.name);
  const rows = readRows(workbook, file.name);
  let header: readonly string[];
  let pending: SourceRecord[];
  try {
    const first = await rows.next();
    pending = first.done ? [] : first.value;
    const top = pending.shift();
    if (!top) throw new UnreadableSource(`${file.name}: its first sheet ${workbook.sheetName} is empty.`);
    header = checkHeader(file.name, top.columns, `in the first row of ${workbook.sheetName}`);
  } catch (error) {
    workbook.zip.close();
    throw error;
  }
  const fit = (records: readonly SourceRecord[]): readonly SourceRecord[] =>
    records.map((record) => fitTo(header.length, record));
  return {
    name: file.name,
    header,
    bytesRead: () => 0,
    description: () => `XLSX, sheet ${workbook.sheetName}`,
    batches: (async function* batches() {
      if (pending.length > 0) yield fit(pending);
      for await (const batch of rows) yield fit(batch);
    })(),
  };
}

/** Sheets leave out empty cells at the end of a row. */
function fitTo(length: number, record: SourceRecord): SourceRecord {
  const { columns, line } = record;
  if (columns.length === length) return record;
  if (columns.slice(length).some((column) => column.trim() !== '')) {
    return { line, columns, problem: `the row has ${columns.length} columns, the header ${length}` };
  }
  return { line, columns: Array.from({ length }, (_, index) => columns[index] ?? '') };
}

/** All rows that have a value, in batches of what one chunk of the archive holds. */
async function* readRows(workbook: Workbook, name: string): AsyncGenerator<SourceRecord[]> {
  const { zip, sheet } = workbook;
  let batch: SourceRecord[] = [];
  let line = 0;
  let columns: string[] = [];
  let cell = { column: -1, type: '', style: 0 };
  let text = '';
  let length = 0;
  let inValue = false;
  const parser = xmlParser({
    open: ({ name: tag, attributes }) => {
      if (tag === 'row') {
        line = Number(attributes['r'] ?? line + 1);
        columns = [];
        cell = { column: -1, type: '', style: 0 };
        length = 0;
      } else if (tag === 'c') {
        const column = columnOf(attributes['r'], cell.column + 1);
        cell = { column, type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? 0) };
        text = '';
      } else if (tag === 'v' || tag === 't') inValue = true;
    },
    text: (piece) => {
      if (!inValue) return;
      text += piece;
      length += piece.length;
      if (length > MAX_RECORD_LENGTH) {
        throw new UnreadableSource(`${name}: row ${line} is longer than ${MAX_RECORD_LENGTH} characters.`);
      }
    },
    close: (tag) => {
      if (tag === 'v' || tag === 't') inValue = false;
      else if (tag === 'c') {
        while (columns.length < cell.column) columns.push('');
        columns[cell.column] = valueOf(workbook, cell, text);
      } else if (tag === 'row' && columns.some((column) => column !== '')) batch.push({ line, columns });
    },
  });
  const decoder = new StringDecoder('utf8');
  try {
    const chunks: AsyncIterable<Buffer> = await zip.openReadStreamPromise(sheet);
    for await (const chunk of chunks) {
      parser.write(decoder.write(chunk));
      if (batch.length === 0) continue;
      yield batch;
      batch = [];
    }
    parser.close();
    if (batch.length > 0) yield batch;
  } catch (cause) {
    if (cause instanceof UnreadableSource) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnreadableSource(`${name} is damaged near row ${line}: ${reason}.`, { cause });
  } finally {
    zip.close();
  }
}

/** `BC12` is column 54 from 0. */
function columnOf(reference: string | undefined, next: number): number {
  if (reference === undefined) return next;
  let column = 0;
  for (const letter of reference.replaceAll(/[^A-Z]/g, '')) column = column * 26 + letter.charCodeAt(0) - 64;
  if (column < 1 || column > MAX_COLUMN) throw new Error(`there is no column ${reference}`);
  return column - 1;
}

function valueOf(workbook: Workbook, cell: { readonly type: string; readonly style: number }, text: string): string {
  if (text === '') return '';
  switch (cell.type) {
    case 's':
      return workbook.sharedStrings[Number(text)] ?? '';
    case 'b':
      return text === '1' ? 'true' : 'false';
    case 'n':
      return workbook.dateStyles[cell.style] === true ? dateOf(Number(text), workbook.from1904) : plainNumber(text);
    default:
      return text;
  }
}

/** A day count as `YYYY-MM-DD`, or with ` HH:MM:SS` when it has a time; Excel counts in the wall clock of nowhere. */
function dateOf(serial: number, from1904: boolean): string {
  if (!Number.isFinite(serial)) return String(serial);
  const days = from1904 ? serial + 1_462 : serial;
  // Excel has a 29 February 1900 that never was; counting from 30 December 1899 is right after it.
  const epoch = Date.UTC(1899, 11, 30);
  const date = new Date(epoch + Math.round(days * 86_400) * 1_000);
  if (Number.isNaN(date.getTime())) return String(serial);
  const iso = date.toISOString();
  if (serial < 1) return iso.slice(11, 19);
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

/** Numbers are stored as doubles, at times `2.5499999999999998` or `1E-3`: what Excel shows has 15 digits and no exponent. */
function plainNumber(text: string): string {
  if (text.length < 16 && !/e/i.test(text)) return text;
  const number = Number(text);
  if (!Number.isFinite(number)) return text;
  const short = String(Number(number.toPrecision(15)));
  return /e/i.test(short) ? number.toFixed(9).replace(/\.?0+$/, '') : short;
}
