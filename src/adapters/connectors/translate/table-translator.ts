/** The frame of every translator of tables: checks the header once, leaves out and rejects records, catches bad values. */
import { UnreadableSource, type RecordSource, type SourceRecord } from '../files/source-record.js';
import { columnsOf, type Mapping } from '../mapping/mapping.js';
import { BadValue, leftOut, missingColumns } from '../mapping/read-fields.js';
import { rejected, type Sink, type Translator } from './translator.js';

/** What is made for one source: how to take a record of it. May throw BadValue. */
export interface SourceReader {
  take(record: SourceRecord, sink: Sink): void;
  end?(sink: Sink): void;
}

export abstract class TableTranslator<M extends Mapping> implements Translator {
  private reader: SourceReader | undefined;
  private name = '';
  private isLeftOut: (columns: readonly string[]) => boolean = () => false;

  constructor(protected readonly mapping: M) {}

  /** How to take the records of a source with this header. */
  protected abstract read(source: RecordSource): SourceReader;

  begin(source: RecordSource): void {
    requireColumns(this.mapping, source);
    this.name = source.name;
    this.isLeftOut = leftOut(this.mapping, source.header);
    this.reader = this.read(source);
  }

  add(record: SourceRecord, sink: Sink): void {
    if (record.problem !== undefined) {
      sink.reject(rejected(this.name, record.line, null, record.columns[0] ?? null, record.problem));
      return;
    }
    if (this.isLeftOut(record.columns)) {
      sink.leaveOut();
      return;
    }
    try {
      this.reader?.take(record, sink);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      sink.reject(rejected(this.name, record.line, error.column, error.value, error.message));
    }
  }

  end(sink: Sink): void {
    this.reader?.end?.(sink);
  }
}

/** @throws UnreadableSource that names the columns the mapping needs and the file lacks */
export function requireColumns(mapping: Mapping, source: RecordSource): void {
  const missing = missingColumns(columnsOf(mapping), source.header);
  if (missing.length === 0) return;
  throw new UnreadableSource(
    `${source.name} has no column ${list(missing)}, which the mapping ${mapping.name} reads. Its columns are ${list(source.header)}.`,
  );
}

const list = (names: readonly string[]): string =>
  names
    .slice(0, 30)
    .map((name) => JSON.stringify(name))
    .join(', ');

/** The text, or a bad value when the record says nothing. */
export function required(text: string, column: string | null, what: string): string {
  if (text === '') throw new BadValue(column, text, `${what} is missing`);
  return text;
}

export const orNull = (text: string): string | null => (text === '' ? null : text);

/** Only what the mapping has a column for: of the rest the source says nothing, so what people wrote there stands. */
export const ofColumns = <Value extends object>(fields: object, value: Value): Partial<Value> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each entry is one of the value's own
  Object.fromEntries(Object.entries(value).filter(([name]) => name in fields)) as Partial<Value>;
