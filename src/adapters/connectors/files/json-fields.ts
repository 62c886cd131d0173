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
