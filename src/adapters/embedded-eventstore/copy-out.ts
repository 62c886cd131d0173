/**
 * Reads events through `COPY … TO STDOUT (FORMAT binary)`. For long reads this costs a fraction of ordinary rows: payloads
 * come as bytes instead of hex, and there is no object per column.
 */
import type pg from 'pg';
import type { StoredEvent } from './stored-event.js';

/** The columns in the order that the parser below expects. */
export const COPY_COLUMNS = 'position, revision, recorded_at, id, is_json, stream, type, data, metadata';

const COPIED_COLUMNS = 9;

/** Signature (11), flags (4), length of the header's extension (4). */
const HEADER_BYTES = 19;

/** @param select a SELECT of COPY_COLUMNS; COPY takes no parameters, so only numbers may be put into it */
export function copyOut(client: pg.ClientBase, select: string): Promise<StoredEvent[]> {
  return copy(client, select).then(({ events }) => events);
}

export interface CheckedEvents {
  readonly events: readonly StoredEvent[];
  /** Of each event, as it stands beside it. */
  readonly checksums: readonly number[];
}

/** @param select a SELECT of COPY_COLUMNS and `checksum` */
export const copyOutChecked = (client: pg.ClientBase, select: string): Promise<CheckedEvents> => copy(client, select);

interface Rows {
  readonly events: StoredEvent[];
  readonly checksums: number[];
}

function copy(client: pg.ClientBase, select: string): Promise<Rows> {
  return new Promise((resolve, reject) => {
    client.query(
      new CopyOut(`COPY (${select}) TO STDOUT (FORMAT binary)`, (error, rows) =>
        error ? reject(error) : resolve(rows),
      ),
    );
  });
}

/** The part of pg's wire connection that is needed to send a query. */
interface Wire {
  query(text: string): void;
}

/** What pg calls a Submittable: it takes the messages that answer one query. */
class CopyOut {
  readonly #rows: Rows = { events: [], checksums: [] };
  #started = false;
  #failed = false;

  constructor(
    private readonly text: string,
    /** Public and replaceable: pg wraps it to enforce its query timeout. */
    public callback: (error: Error | null, rows: Rows) => void,
  ) {}

  submit(connection: Wire): void {
    connection.query(this.text);
  }

  /** Postgres sends one row per message, the header with the first or on its own. */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    let offset = 0;
    if (!this.#started) {
      this.#started = true;
      offset = HEADER_BYTES + chunk.readInt32BE(15);
    }
    // A field count of -1 is the trailer.
    while (offset < chunk.length && chunk.readInt16BE(offset) !== -1) {
      const isChecked = chunk.readInt16BE(offset) > COPIED_COLUMNS;
      const { event, end } = parseRow(chunk, offset + 2);
      this.#rows.events.push(event);
      offset = end;
      if (!isChecked) continue;
      this.#rows.checksums.push(chunk.readInt32BE(offset + 4));
      offset += 8;
    }
  }

  handleError(error: Error): void {
    this.#failed = true;
    // At once: a connection that breaks never gets ready for the next query.
    this.callback(error, this.#rows);
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.callback(null, this.#rows);
  }

  handleRowDescription(): void {}
  handleCommandComplete(): void {}
}

function parseRow(row: Buffer, start: number): { event: StoredEvent; end: number } {
  let at = start;
  const number = (): number => {
    const value = row.readInt32BE(at + 4) * 4_294_967_296 + row.readUInt32BE(at + 8);
    at += 12;
    return value;
  };
  const text = (): string => {
    const length = row.readInt32BE(at);
    const value = row.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  // pg reuses its receive buffer, so payloads are copied out of it.
  const bytes = (): Buffer => {
    const length = row.readInt32BE(at);
    const value = Buffer.allocUnsafe(length);
    row.copy(value, 0, at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  const position = number();
  const revision = number();
  const recordedAt = number();
  const id = formatUuid(row, at + 4);
  at += 20;
  const isJson = row[at + 4] === 1;
  at += 5;
  const stream = text();
  const type = text();
  const data = bytes();
  const metadata = bytes();
  return { event: { position, revision, recordedAt, id, isJson, stream, type, data, metadata }, end: at };
}

function formatUuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
