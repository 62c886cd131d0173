/** The lines of a file, plain or gzipped, in memory that does not grow with it; and the hash of the file as it lies there. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;
/** Above any event that a store takes, base64 and quotes included. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

export interface FileFacts {
  readonly bytes: number;
  /** SHA-256 of the file as it lies there, hexadecimal. */
  readonly sha256: string;
}

/**
 * The lines without their ends, each with one byte in front that is 0: what a Merkle leaf is hashed from. Lines are good until
 * the next pull. A last line that has no end is none.
 */
export class LineFile {
  readonly #hash = createHash('sha256');
  #bytes = 0;
  /** Behind the last line's end: 0 in a file that is whole. */
  rest = 0;

  /** @param onBytes told how many more bytes of the file have been read */
  constructor(
    private readonly path: string,
    private readonly onBytes: (count: number) => void = () => undefined,
  ) {}

  /** @throws what zlib throws when a gzipped file is damaged; RangeError for a line beyond all measure */
  async *pages(): AsyncGenerator<readonly Buffer[]> {
    let held: Buffer = Buffer.alloc(1);
    for await (const chunk of this.path.endsWith('.gz') ? unzipped(this.#chunks()) : this.#chunks()) {
      // One that was hashed may not be written to: the zeros go into this copy.
      const buffer = Buffer.concat([held, chunk]);
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = buffer.indexOf(NEWLINE, 1); end >= 0; end = buffer.indexOf(NEWLINE, end + 1)) {
        buffer[start] = 0;
        lines.push(buffer.subarray(start, end));
        start = end;
      }
      held = buffer.subarray(start);
      this.rest = held.length - 1;
      if (this.rest > MAX_LINE_BYTES) throw new RangeError(`${this.path} has a line of more than ${MAX_LINE_BYTES} bytes`); // prettier-ignore
      if (lines.length > 0) yield lines;
      held = Buffer.from(held);
      held[0] = 0;
    }
  }

  /** As they lie there. */
  async *#chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(this.path, { highWaterMark: CHUNK_BYTES })) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      this.onBytes(chunk.length);
      yield chunk;
    }
  }

  /** Of the whole file, once its lines have been read. */
  facts(): FileFacts {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** One line after the other. */
export class LineCursor {
  readonly #pages: AsyncIterator<readonly Buffer[]>;
  #page: readonly Buffer[] = [];
  #next = 0;

  constructor(file: LineFile) {
    this.#pages = file.pages();
  }

  /** Undefined at the file's end. Without a wait as long as there are lines in memory. */
  next(): Buffer | undefined | Promise<Buffer | undefined> {
    return this.#page[this.#next++] ?? this.#pull();
  }

  async #pull(): Promise<Buffer | undefined> {
    const { done, value } = await this.#pages.next();
    if (done) return undefined;
    this.#page = value;
    this.#next = 1;
    return this.#page[0];
  }
}

function unzipped(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const content = new PassThrough({ highWaterMark: CHUNK_BYTES });
  // A failure reaches whoever reads.
  pipeline(source, createGunzip(), content).catch((error: Error) => content.destroy(error));
  return content;
}

/** The text of a line. */
export const lineText = (prefixed: Buffer): string => prefixed.toString('utf8', 1);
