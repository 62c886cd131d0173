/** A CSV file as records: delimiter guessed, header checked, every row with its line. */
import { CsvScanner } from './csv-scanner.js';
import { TextDecoding } from './decode-text.js';
import type { OpenedFile } from './file-format.js';
import { UnreadableSource, type RecordSource, type SourceRecord } from './source-record.js';

const DELIMITERS: Readonly<Record<string, string>> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };

/** Wider than any table people make; a file beyond it has been cut by the wrong delimiter. */
const MAX_COLUMNS = 20_000;

/** @throws UnreadableSource when the file has no usable header */
export async function readCsv(file: OpenedFile): Promise<RecordSource> {
  const decoding = new TextDecoding();
  const chunks = decoding.decode(file.bytes(), file.name)[Symbol.asyncIterator]();
  // Enough text to hold the header, and some rows to guess the delimiter by.
  let sample = '';
  let ended = false;
  while (!ended && sample.length < 65_536) {
    const next = await chunks.next();
    ended = next.done === true;
    if (!next.done) sample += next.value;
  }
  const lineEnd = sample.includes('\n') || !sample.includes('\r') ? '\n' : '\r';
  const delimiter = guessDelimiter(sample, lineEnd);
  const scanner = new CsvScanner(delimiter, lineEnd);
  const pending = scanner.write(sample);
  while (pending.length === 0 && !ended) {
    const next = await chunks.next();
    ended = next.done === true;
    pending.push(...(next.done ? [] : scanner.write(next.value)));
  }
  if (ended) pending.push(...scanner.end());
  const header = headerOf(file.name, pending.shift(), DELIMITERS[delimiter] ?? delimiter);

  return {
    name: file.name,
    header,
    bytesRead: file.bytesRead,
    description: () =>
      `CSV, ${DELIMITERS[delimiter]} between columns, ${decoding.encoding}${file.gzipped ? ', gzipped' : ''}`,
    batches: batches(),
  };

  async function* batches(): AsyncGenerator<readonly SourceRecord[]> {
    const first = checked(pending);
    if (first.length > 0) yield first;
    if (ended) return;
    for (let at = await chunks.next(); at.done !== true; at = await chunks.next()) {
      const records = checked(scanner.write(at.value));
      if (records.length > 0) yield records;
    }
    const last = checked(scanner.end());
    if (last.length > 0) yield last;
  }

  /** Rows as wide as the header; empty columns too many are forgiven, as spreadsheets add them, and rows with nothing in them. */
  function checked(records: readonly SourceRecord[]): readonly SourceRecord[] {
    const { length } = header;
    if (records.every((record) => record.columns.length === length)) return records;
    return records.flatMap((record) => {
      const { columns } = record;
      if (record.problem !== undefined || columns.length === length) return [record];
      if (columns.every((column) => column.trim() === '')) return [];
      if (columns.length > length && columns.slice(length).every((column) => column.trim() === '')) {
        return [{ ...record, columns: columns.slice(0, length) }];
      }
      return [{ ...record, problem: `the row has ${columns.length} columns, the header ${length}` }];
    });
  }
}

/** The one that cuts most of the first lines into the same number of columns, more than one. */
function guessDelimiter(sample: string, lineEnd: '\n' | '\r'): string {
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of Object.keys(DELIMITERS)) {
    const rows = new CsvScanner(delimiter, lineEnd).write(sample).slice(0, 50);
    const width = rows[0]?.columns.length ?? sample.split(delimiter).length;
    const alike = rows.filter(({ columns }) => columns.length === width).length;
    const score = width > 1 ? (alike / Math.max(rows.length, 1)) * 1_000 + Math.min(width, 500) : 0;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

function headerOf(name: string, record: SourceRecord | undefined, delimiter: string): readonly string[] {
  if (!record) throw new UnreadableSource(`${name} holds no line. Nothing was imported.`);
  if (record.problem !== undefined) {
    throw new UnreadableSource(`${name} has no readable header: ${record.problem} (line ${record.line}).`);
  }
  return checkHeader(name, record.columns, `cut at every ${delimiter}`);
}

/**
 * Column names without blanks around them.
 * @throws UnreadableSource when two columns have the same name, or there are far too many
 */
export function checkHeader(name: string, columns: readonly string[], how: string): readonly string[] {
  if (columns.length > MAX_COLUMNS) {
    throw new UnreadableSource(`${name} has ${columns.length} columns ${how}; at most ${MAX_COLUMNS} are read.`);
  }
  const trimmed = columns.map((column) => column.trim());
  while (trimmed.length > 1 && trimmed.at(-1) === '') trimmed.pop();
  const seen = new Map<string, number>();
  for (const [index, column] of trimmed.entries()) {
    const before = seen.get(column);
    if (before !== undefined) {
      throw new UnreadableSource(
        `${name} has two columns named ${JSON.stringify(column)} (columns ${before + 1} and ${index + 1}). Rename one of them in the first line.`,
      );
    }
    seen.set(column, index);
  }
  return trimmed;
}
