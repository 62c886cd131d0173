/** JSON values as rows: which columns they have, and what stands in them. */
import type { SourceRecord } from './source-record.js';

/** The names of all fields of some records, in the order they are met. */
export function fieldsOf(records: readonly SourceRecord[]): readonly string[] {
  const fields = new Set<string>();
  for (const { value } of records) {
    if (typeof value === 'object' && value !== null) for (const field of Object.keys(value)) fields.add(field);
  }
  return [...fields];
}

/** What the value says as text; nested values are left to those who read `value`. */
export function columnsOf(header: readonly string[], { value }: SourceRecord): readonly string[] {
  const fields = new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  return header.map((name) => {
    const field = fields.get(name);
    return typeof field === 'string' || typeof field === 'number' || typeof field === 'boolean' ? String(field) : '';
  });
}

/** Strings, which are stepped over, and whole numbers of more digits than a double holds. */
const LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** JSON, with whole numbers that a double would round kept as text: `7012345678901234567` is the id of something. @throws SyntaxError */
export function parseExactly(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  // Checked first, as it stands: what is made of it could be right where it was not.
  JSON.parse(text);
  const exact = text.replace(LONG_INTEGER, (found) => (found.startsWith('"') || Number.isSafeInteger(Number(found)) ? found : `"${found}"`)); // prettier-ignore
  return JSON.parse(exact);
}
