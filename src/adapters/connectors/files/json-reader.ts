/**
 * JSON files as records: an array of values, one value a line (JSONL), or values one after the other. The text is cut at the
 * end of each value and only then parsed, so that neither the file nor an endless value is ever in memory.
 */
import { TextDecoding } from './decode-text.js';
import type { OpenedFile } from './file-format.js';
import { columnsOf, fieldsOf, parseExactly } from './json-fields.js';
import { MAX_RECORD_LENGTH, UnreadableSource, type RecordSource, type SourceRecord } from './source-record.js';

/** An issue with a long history is longer than a row of a table. */
const MAX_VALUE_LENGTH = 16 * MAX_RECORD_LENGTH;

/** Values whose fields are looked at to know the columns. */
const HEADER_SAMPLE = 200;

/** @throws UnreadableSource when it is not JSON from the first value on */
export async function readJson(file: OpenedFile): Promise<RecordSource> {
  const decoding = new TextDecoding();
  const scanner = new JsonScanner(file.name);
  const chunks = decoding.decode(file.bytes(), file.name)[Symbol.asyncIterator]();
  const pending: SourceRecord[] = [];
  let ended = false;
  while (pending.length < HEADER_SAMPLE && !ended) {
    const next = await chunks.next();
    ended = next.done === true;
    pending.push(...(next.done ? scanner.end() : scanner.write(next.value)));
  }
  const header = fieldsOf(pending.slice(0, HEADER_SAMPLE));
  const withColumns = (records: readonly SourceRecord[]): readonly SourceRecord[] =>
    records.map((record) =>
      record.problem === undefined ? { ...record, columns: columnsOf(header, record) } : record,
    );

  return {
    name: file.name,
    header,
    bytesRead: file.bytesRead,
    description: () => `JSON, ${decoding.encoding}${file.gzipped ? ', gzipped' : ''}`,
    batches: (async function* batches() {
      if (pending.length > 0) yield withColumns(pending);
      if (ended) return;
      for (let at = await chunks.next(); at.done !== true; at = await chunks.next()) {
        const records = scanner.write(at.value);
        if (records.length > 0) yield withColumns(records);
      }
      const last = scanner.end();
      if (last.length > 0) yield withColumns(last);
    })(),
  };
}

/** Finds where each value ends. Outside of strings only the depth of brackets matters. */
class JsonScanner {
  private text = '';
  private at = 0;
  private start = -1;
  private depth = 0;
  private inString = false;
  /** Whether the file is one array, whose elements are the values: its own brackets are at depth 0. */
  private inArray: boolean | undefined;
  private arrayEnded = false;
  private line = 1;
  private startLine = 1;

  constructor(private readonly name: string) {}

  write(chunk: string): SourceRecord[] {
    this.text += chunk;
    const records: SourceRecord[] = [];
    const { text } = this;
    for (; this.at < text.length; this.at += 1) {
      const code = text.charCodeAt(this.at);
      if (this.inString) {
        // A backslash takes the next character with it, also when that comes in the next chunk: wait for it.
        if (code === 0x5c) {
          if (this.at + 1 >= text.length) break;
          this.at += 1;
        } else if (code === 0x22) this.inString = false;
        continue;
      }
      if (code === 0x0a) {
        this.line += 1;
        // A value without brackets ends with its line.
        if (this.start >= 0 && this.depth === 0) this.close(records, this.at);
      } else if (code === 0x22) {
        this.open();
        this.inString = true;
      } else if (code === 0x7b || code === 0x5b) {
        if (code === 0x5b && this.inArray === undefined) {
          this.inArray = true;
          continue;
        }
        this.open();
        this.depth += 1;
      } else if (code === 0x7d || code === 0x5d) {
        if (this.depth > 0) {
          this.depth -= 1;
          if (this.depth === 0) this.close(records, this.at + 1);
        } else {
          if (this.start >= 0) this.close(records, this.at);
          this.arrayEnded = true;
        }
      } else if (code === 0x2c && this.depth === 0) {
        if (this.start >= 0) this.close(records, this.at);
      } else if (code > 0x20) this.open();
    }
    this.forget();
    return records;
  }

  end(): SourceRecord[] {
    const records: SourceRecord[] = [];
    if (this.start >= 0 && (this.depth > 0 || this.inString)) {
      return [{ line: this.startLine, columns: [], problem: 'the file ends within this value' }];
    }
    if (this.start >= 0) this.close(records, this.text.length);
    if (this.inArray && !this.arrayEnded) {
      records.push({
        line: this.line,
        columns: [],
        problem: 'the file ends within its array: what follows is missing',
      });
    }
    return records;
  }

  private open(): void {
    this.inArray ??= false;
    if (this.start >= 0) return;
    this.start = this.at;
    this.startLine = this.line;
  }

  private close(records: SourceRecord[], end: number): void {
    const text = this.text.slice(this.start, end);
    this.start = -1;
    try {
      records.push({ line: this.startLine, columns: [], value: parseExactly(text) });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      records.push({ line: this.startLine, columns: [text.slice(0, 200)], problem: `not valid JSON: ${reason}` });
    }
  }

  /** Drops what has been read; a value that goes on is kept, up to the bound. */
  private forget(): void {
    const keep = this.start >= 0 ? this.start : this.at;
    this.text = this.text.slice(keep);
    this.at -= keep;
    if (this.start >= 0) this.start = 0;
    if (this.text.length > MAX_VALUE_LENGTH) {
      throw new UnreadableSource(
        `${this.name}: the value that begins on line ${this.startLine} is longer than ${MAX_VALUE_LENGTH} characters. If the records stand deeper in it, give the file as an array of records or one record a line.`,
      );
    }
  }
}
