/** What readers give: records with their place, in batches; and what they say when a file is no good at all. */

/** One row of a table or one value of a JSON file, as it stands there. */
export interface SourceRecord {
  /** Where it begins: line of a text file, row of a sheet, or number among all records of an address, from 1. */
  readonly line: number;
  /** Its columns in the order of the header; of a JSON value, those of its own fields that the header names. */
  readonly columns: readonly string[];
  /** The whole value, of JSON sources only. */
  readonly value?: unknown;
  /** Why it can not be read; such a record is rejected and the next one taken. */
  readonly problem?: string;
}

/** A source that has been opened and whose shape is known. */
export interface RecordSource {
  /** For people: the file's name without its folder, or the address. */
  readonly name: string;
  /** Column names, unique; of JSON, the fields of the first records. */
  readonly header: readonly string[];
  /** What was found out about it, for people: `CSV, comma, UTF-8`. */
  readonly description: () => string;
  /** Bytes of the file read so far, as they stand on the disk; 0 where that can't be told. */
  readonly bytesRead: () => number;
  /** Of pages of an address only: where the page behind the last batch is; undefined when there is none. */
  readonly nextPage?: () => string | undefined;
  /** Every record once, in order, never an empty batch. Pulls: nothing is read ahead of the consumer but one chunk. */
  readonly batches: AsyncIterable<readonly SourceRecord[]>;
}

/** The source as a whole can't be read. The message says what, where and what to do. */
export class UnreadableSource extends Error {
  readonly code = 'UNREADABLE_SOURCE';
  override readonly name = 'UnreadableSource';
}

/**
 * The longest record that is read, in characters: far above any honest row, and small enough that a file
 * which is one endless line can't fill the memory.
 */
export const MAX_RECORD_LENGTH = 1_048_576;
