/**
 * Bytes to text. UTF-8, UTF-16 with or without a byte order mark, else Windows-1252 (what "Latin-1" files nearly always are).
 *
 * One pass, no look at the whole file first: as long as all is ASCII the encodings agree, so the choice can wait for the first
 * byte beyond it.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { UnreadableSource } from './source-record.js';

export type Encoding = 'UTF-8' | 'UTF-16LE' | 'UTF-16BE' | 'Windows-1252';

export class TextDecoding {
  /** What the text has turned out to be; UTF-8 as long as nothing but ASCII was seen. */
  encoding: Encoding = 'UTF-8';
  private seenBeyondAscii = false;

  /**
   * The text of the bytes, chunk by chunk, without a byte order mark.
   * @throws UnreadableSource where a file that began as UTF-8 stops being it
   */
  async *decode(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<string> {
    let decoder: TextDecoder | undefined;
    let rest: Buffer = Buffer.alloc(0);
    let first = true;
    for await (const chunk of bytes) {
      let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      if (first) {
        if (data.length < 4) {
          // Too little to tell a byte order mark; the rest will come, or the end.
          rest = data;
          continue;
        }
        first = false;
        const start = startOf(data);
        this.encoding = start.encoding;
        data = data.subarray(start.skip);
        if (start.encoding !== 'UTF-8') decoder = new TextDecoder(start.encoding.toLowerCase());
      }
      if (decoder) {
        rest = Buffer.alloc(0);
        yield decoder.decode(data, { stream: true });
        continue;
      }
      const whole = wholeCharacters(data);
      const complete = data.subarray(0, whole);
      if (this.isUtf8(complete, name)) {
        rest = data.subarray(whole);
        yield complete.toString('utf8');
      } else {
        decoder = new TextDecoder('windows-1252');
        rest = Buffer.alloc(0);
        yield decoder.decode(data, { stream: true });
      }
    }
    if (rest.length > 0) {
      const start = first ? startOf(rest) : { encoding: this.encoding, skip: 0 };
      this.encoding = start.encoding;
      const last = rest.subarray(start.skip);
      yield this.encoding === 'UTF-8' && this.isUtf8(last, name)
        ? last.toString('utf8')
        : new TextDecoder(this.encoding.toLowerCase()).decode(last);
    } else if (decoder) {
      yield decoder.decode();
    }
  }

  private isUtf8(bytes: Buffer, name: string): boolean {
    if (isAscii(bytes)) return true;
    if (isUtf8(bytes)) {
      this.seenBeyondAscii = true;
      return true;
    }
    if (this.seenBeyondAscii) {
      throw new UnreadableSource(
        `${name} begins as UTF-8 but holds bytes that are not. It was probably put together from several files; save it anew as UTF-8.`,
      );
    }
    this.encoding = 'Windows-1252';
    return false;
  }
}

function startOf(data: Buffer): { readonly encoding: Encoding; readonly skip: number } {
  if (data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf) return { encoding: 'UTF-8', skip: 3 };
  if (data[0] === 0xff && data[1] === 0xfe) return { encoding: 'UTF-16LE', skip: 2 };
  if (data[0] === 0xfe && data[1] === 0xff) return { encoding: 'UTF-16BE', skip: 2 };
  // Without a mark: a header is nearly all ASCII, every second byte of which is zero in UTF-16.
  if (data.length >= 4 && data[0] !== 0 && data[1] === 0 && data[3] === 0) return { encoding: 'UTF-16LE', skip: 0 };
  if (data.length >= 4 && data[0] === 0 && data[1] !== 0 && data[2] === 0) return { encoding: 'UTF-16BE', skip: 0 };
  return { encoding: 'UTF-8', skip: 0 };
}

/** The length without a UTF-8 sequence that the chunk cuts off, at most three bytes at its end. */
function wholeCharacters(data: Buffer): number {
  for (let back = 1; back <= Math.min(3, data.length); back += 1) {
    const byte = data[data.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back < needed ? data.length - back : data.length;
    }
  }
  return data.length;
}
