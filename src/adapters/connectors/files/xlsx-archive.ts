/** The parts of a workbook that its cells refer to. XLSX is a zip of XML (ECMA-376); every part is streamed and bounded. */
import { StringDecoder } from 'node:string_decoder';
import { SaxesParser } from 'saxes';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { UnreadableSource } from './source-record.js';

/** A workbook of a million rows unpacks to less; an archive made to burst a reader to far more. */
const MAX_UNPACKED = 4 * 1_024 ** 3;
const MAX_PARTS = 10_000;
/** Shared strings are the one part that has to be in memory as a whole. In characters. */
const MAX_SHARED_STRINGS = 64 * 1_024 ** 2;

export interface Workbook {
  readonly zip: ZipFile;
  /** The first sheet in the order of the tabs. */
  readonly sheet: Entry;
  readonly sheetName: string;
  readonly sharedStrings: readonly string[];
  /** Of each cell style, whether it shows numbers as dates. */
  readonly dateStyles: readonly boolean[];
  /** Days count from 1904-01-01 instead of 1899-12-30. */
  readonly from1904: boolean;
}

/** @throws UnreadableSource when it is no workbook, or one too large. The caller closes the `zip`. */
export async function openWorkbook(path: string, name: string): Promise<Workbook> {
  const broken = (why: string, cause?: unknown): UnreadableSource =>
    new UnreadableSource(`${name} is not a workbook that can be read: ${why}. Save it anew as .xlsx, or as CSV.`, {
      cause,
    });
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { autoClose: false });
  } catch (cause) {
    throw broken('its archive is damaged', cause);
  }
  try {
    const parts = new Map<string, Entry>();
    let unpacked = 0;
    for await (const entry of zip.eachEntry()) {
      parts.set(entry.fileName, entry);
      unpacked += entry.uncompressedSize;
      if (parts.size > MAX_PARTS || unpacked > MAX_UNPACKED) throw broken('it unpacks to more than 4 GiB');
    }
    const { sheetId, sheetName, from1904 } = await readBook(zip, parts.get('xl/workbook.xml'));
    if (sheetId === undefined) throw broken('it has no sheet');
    const target = await readTarget(zip, parts.get('xl/_rels/workbook.xml.rels'), sheetId);
    const sheet = parts.get(target.startsWith('/') ? target.slice(1) : `xl/${target}`);
    if (!sheet) throw broken(`its first sheet ${sheetName} is missing`);
    const sharedStrings = await readSharedStrings(zip, parts.get('xl/sharedStrings.xml'), name);
    const dateStyles = await readDateStyles(zip, parts.get('xl/styles.xml'));
    return { zip, sheet, sheetName, sharedStrings, dateStyles, from1904 };
  } catch (cause) {
    zip.close();
    throw cause instanceof UnreadableSource ? cause : broken(cause instanceof Error ? cause.message : 'unknown', cause);
  }
}

export interface Tag {
  /** Without a namespace prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface XmlHandlers {
  readonly open?: (tag: Tag) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

/** Without a namespace prefix. */
const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** A parser that calls the handlers. `saxes` resolves no entities but XML's own five, so there is nothing to expand. */
export function xmlParser(handlers: XmlHandlers): SaxesParser {
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => handlers.open?.({ name: local(name), attributes }));
  parser.on('text', (text) => handlers.text?.(text));
  parser.on('closetag', ({ name }) => handlers.close?.(local(name)));
  parser.on('error', (error) => {
    throw error;
  });
  return parser;
}

async function readXml(zip: ZipFile, part: Entry | undefined, handlers: XmlHandlers): Promise<void> {
  if (!part) return;
  const parser = xmlParser(handlers);
  const decoder = new StringDecoder('utf8');
  const chunks: AsyncIterable<Buffer> = await zip.openReadStreamPromise(part);
  for await (const chunk of chunks) parser.write(decoder.write(chunk));
  parser.close();
}

async function readBook(
  zip: ZipFile,
  part: Entry | undefined,
): Promise<{ sheetId: string | undefined; sheetName: string; from1904: boolean }> {
  let sheetId: string | undefined;
  let sheetName = '';
  let from1904 = false;
  await readXml(zip, part, {
    open: ({ name, attributes }) => {
      if (name === 'workbookPr') from1904 = ['1', 'true'].includes(attributes['date1904'] ?? '');
      if (name !== 'sheet' || sheetId !== undefined) return;
      sheetId = attributes['r:id'] ?? Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1];
      sheetName = attributes['name'] ?? '';
    },
  });
  return { sheetId, sheetName, from1904 };
}

async function readTarget(zip: ZipFile, part: Entry | undefined, id: string): Promise<string> {
  let target = 'worksheets/sheet1.xml';
  await readXml(zip, part, {
    open: ({ name, attributes }) => {
      if (name === 'Relationship' && attributes['Id'] === id) target = attributes['Target'] ?? target;
    },
  });
  return target;
}

async function readSharedStrings(zip: ZipFile, part: Entry | undefined, name: string): Promise<string[]> {
  const strings: string[] = [];
  let text = '';
  let inText = false;
  let phonetic = false;
  let length = 0;
  await readXml(zip, part, {
    open: (tag) => {
      if (tag.name === 'si') text = '';
      if (tag.name === 'rPh') phonetic = true;
      inText = tag.name === 't' && !phonetic;
    },
    text: (piece) => {
      if (!inText) return;
      text += piece;
      length += piece.length;
      if (length > MAX_SHARED_STRINGS) {
        throw new UnreadableSource(`${name} holds more than 64 million characters of text; save it as CSV.`);
      }
    },
    close: (tag) => {
      if (tag === 't') inText = false;
      if (tag === 'rPh') phonetic = false;
      if (tag === 'si') strings.push(text);
    },
  });
  return strings;
}

/** Built-in formats that show dates or times (ECMA-376 part 1, 18.8.30). */
const isBuiltInDate = (id: number): boolean => (id >= 14 && id <= 22) || (id >= 45 && id <= 47);

async function readDateStyles(zip: ZipFile, part: Entry | undefined): Promise<boolean[]> {
  const custom = new Map<number, boolean>();
  const styles: boolean[] = [];
  let inCells = false;
  await readXml(zip, part, {
    open: ({ name, attributes }) => {
      const id = Number(attributes['numFmtId']);
      if (name === 'numFmt') custom.set(id, showsDate(attributes['formatCode'] ?? ''));
      if (name === 'cellXfs') inCells = true;
      if (name === 'xf' && inCells) styles.push(custom.get(id) ?? isBuiltInDate(id));
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return styles;
}

/** A year, month, day or hour outside of quoted text and [colours]. */
const showsDate = (code: string): boolean => /[ymdhs]/i.test(code.replaceAll(/"[^"]*"|\[[^\]]*\]|\\./g, ''));
