/** What a file really is, by its first bytes; its name is only asked where the bytes leave it open. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UnreadableSource } from './source-record.js';

export type FileFormat = 'csv' | 'json' | 'xlsx';

export interface OpenedFile {
  readonly path: string;
  /** Without the folder. */
  readonly name: string;
  readonly format: FileFormat;
  readonly gzipped: boolean;
  /** The content, unpacked, in chunks; of XLSX use the path instead. */
  readonly bytes: () => AsyncIterable<Buffer>;
  /** Of the last `bytes()`, before unpacking. */
  readonly bytesRead: () => number;
}

const CHUNK = 65_536;

/** Formats that are often taken for what we read, and how to make one of ours of them. */
const FOREIGN: readonly { readonly magic: string; readonly what: string; readonly advice: string }[] = [
  { magic: 'd0cf11e0a1b11ae1', what: 'an old Excel workbook (.xls)', advice: 'save it as .xlsx or CSV' },
  { magic: '25504446', what: 'a PDF', advice: 'export the table it shows as CSV' },
  { magic: '28b52ffd', what: 'compressed by zstd', advice: 'unpack it first' },
  { magic: '425a68', what: 'compressed by bzip2', advice: 'unpack it first' },
  { magic: 'fd377a585a00', what: 'compressed by xz', advice: 'unpack it first' },
  { magic: '377abcaf271c', what: 'a 7-zip archive', advice: 'unpack it first' },
  { magic: '89504e47', what: 'a PNG picture', advice: 'give the table it shows as CSV' },
  { magic: 'ffd8ff', what: 'a JPEG picture', advice: 'give the table it shows as CSV' },
  { magic: '50415231', what: 'a Parquet file', advice: 'export it as CSV or JSONL' },
  { magic: '53514c69746520666f726d6174', what: 'a SQLite database', advice: 'export the table as CSV' },
  { magic: '7f454c46', what: 'a program', advice: 'give a CSV, XLSX or JSON file' },
];

/**
 * Looks at a file without reading it.
 * @throws UnreadableSource when there is no such file, it is empty, or it is of a kind we don't read
 */
export async function openFile(path: string): Promise<OpenedFile> {
  const name = basename(path);
  const start = await firstBytes(path, name);
  const gzipped = start[0] === 0x1f && start[1] === 0x8b;
  const read = { count: 0 };
  const bytes = (): AsyncIterable<Buffer> => contentOf(path, name, gzipped, read);
  const sample = gzipped ? await firstOf(bytes()) : start;
  if (sample.length === 0) throw new UnreadableSource(`${name} is empty. Nothing was imported.`);
  return { path, name, format: formatOf(name, sample, gzipped), gzipped, bytes, bytesRead: () => read.count };
}

function formatOf(name: string, sample: Buffer, gzipped: boolean): FileFormat {
  const hex = sample.subarray(0, 16).toString('hex');
  if (hex.startsWith('504b0304')) {
    if (gzipped) throw new UnreadableSource(`${name} is a gzipped archive. Unpack it and give the .xlsx itself.`);
    return 'xlsx';
  }
  const foreign = FOREIGN.find(({ magic }) => hex.startsWith(magic));
  if (foreign) throw new UnreadableSource(`${name} is ${foreign.what}, not what can be imported: ${foreign.advice}.`);
  const isUtf16 = /^(fffe|feff|[^0].00|00[^0])/.test(hex);
  if (!isUtf16 && sample.includes(0)) {
    throw new UnreadableSource(`${name} is not text: it holds zero bytes. Give a CSV, XLSX or JSON file.`);
  }
  const text = sample
    .subarray(0, 4_096)
    .toString(isUtf16 ? 'utf16le' : 'utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (/^<(!doctype|html|\?xml)/i.test(text)) {
    const what = /^<\?xml/i.test(text) ? 'XML' : 'a web page, perhaps the sign-in page of the site it came from';
    throw new UnreadableSource(`${name} is ${what}, not a table. Give a CSV, XLSX or JSON file.`);
  }
  if (/^[[{]/.test(text)) return 'json';
  if (/\.(xlsx|xlsm)$/i.test(name)) {
    throw new UnreadableSource(`${name} is named like a workbook but is none: it begins with ${quote(text)}. If it is CSV, name it .csv.`); // prettier-ignore
  }
  if (/\.jsonl?(\.gz)?$/i.test(name)) {
    throw new UnreadableSource(
      `${name} is named like JSON but begins with ${quote(text)}. If it is CSV, name it .csv.`,
    );
  }
  if (!gzipped && /\.gz$/i.test(name)) {
    throw new UnreadableSource(`${name} is named .gz but is not compressed. Rename it without .gz.`);
  }
  return 'csv';
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 20));

async function firstBytes(path: string, name: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new UnreadableSource(`${name} can't be read: ${reasonOf(cause)}.`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'you may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  return cause instanceof Error ? cause.message : String(cause);
}

async function* contentOf(
  path: string,
  name: string,
  gzipped: boolean,
  read: { count: number },
): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: CHUNK });
  let stream: Readable = file;
  if (gzipped) {
    const gunzip = createGunzip({ chunkSize: CHUNK });
    file.on('error', (error) => gunzip.destroy(error));
    stream = file.pipe(gunzip);
  }
  try {
    // Without an encoding a stream gives Buffers.
    const chunks: AsyncIterable<Buffer> = stream;
    for await (const chunk of chunks) {
      read.count = file.bytesRead;
      yield chunk;
    }
  } catch (cause) {
    const what = gzipped ? 'is not a whole gzip file; fetch it again' : `can't be read on: ${reasonOf(cause)}`;
    throw new UnreadableSource(`${name} ${what}.`, { cause });
  } finally {
    // Whoever stops in the middle must not leave the file open.
    file.destroy();
  }
}

async function firstOf(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const chunk of bytes) if (chunk.length > 0) return chunk;
  return Buffer.alloc(0);
}
