/** Makes the fields of a mapping into functions on a record's columns, and texts into the values that commands take. */
import { columnsOfField, type Field, type Mapping } from './mapping.js';

/** The text of a field, trimmed; empty when the record says nothing. */
export type ReadField = (columns: readonly string[]) => string;

/** A value that a record can't be taken with. Thrown for speed and short code; caught once, where the record is rejected. */
export class BadValue extends Error {
  constructor(
    /** The column at fault, null when it is not one column. */
    readonly column: string | null,
    readonly value: string,
    message: string,
  ) {
    super(message);
  }
}

const nothing: ReadField = () => '';

/** @throws Error when a column that the field names is not in the header; callers check that before */
export function readField(
  field: Field | undefined,
  header: readonly string[],
  missing: readonly string[] = [],
): ReadField {
  if (field === undefined) return nothing;
  const at = (column: string): number => {
    const index = header.indexOf(column);
    if (index < 0) throw new Error(`there is no column ${column}`);
    return index;
  };
  if (typeof field === 'string' || 'column' in field) {
    const { column, withoutEnding, words } =
      typeof field === 'string' ? { column: field } : { words: undefined, ...field };
    const index = at(column);
    if (!withoutEnding && !words && missing.length === 0) return (columns) => (columns[index] ?? '').trim();
    const absent = new Set(missing);
    const translated = new Map(Object.entries(words ?? {}));
    return (columns) => {
      let text = (columns[index] ?? '').trim();
      if (absent.has(text)) return '';
      if (withoutEnding && text.endsWith(withoutEnding)) text = text.slice(0, -withoutEnding.length);
      return translated.get(text) ?? text;
    };
  }
  if ('value' in field) {
    const { value } = field;
    return () => value;
  }
  const parts = field.template.split(/\{([^{}]+)\}/g).map((part, index) => (index % 2 === 0 ? part : at(part)));
  return (columns) => parts.map((part) => (typeof part === 'number' ? (columns[part] ?? '').trim() : part)).join('');
}

/** What a field is called in messages and rejects: its column. */
export const labelOf = (field: Field | undefined): string | null =>
  field === undefined ? null : (columnsOfField(field)[0] ?? null);

/** The columns a mapping needs and the header lacks. */
export const missingColumns = (needed: readonly string[], header: readonly string[]): readonly string[] =>
  needed.filter((column) => !header.includes(column));

/** Whether the mapping leaves this record out. */
export function leftOut(mapping: Mapping, header: readonly string[]): (columns: readonly string[]) => boolean {
  const rules = mapping.leaveOut.map(({ column, is, isNot }) => {
    const read = readField(column, header);
    const out = new Set(is);
    const keep = isNot && new Set(isNot);
    return (columns: readonly string[]) => out.has(read(columns)) || (keep !== undefined && !keep.has(read(columns)));
  });
  return rules.length === 0 ? () => false : (columns) => rules.some((rule) => rule(columns));
}

const PLAIN = /^-?\d{1,15}(\.\d{1,9})?$/;

/** Decimals of the source as plain text (`-1234.5`), exactly as many digits as stand there. */
export function decimalReader({
  point,
  thousands,
}: Mapping['decimals']): (text: string, column: string | null) => string {
  const grouped =
    thousands && new RegExp(`^[-+(]?\\d{1,3}(\\${thousands}\\d{2,3})*\\${thousands}\\d{3}(\\${point}\\d+)?\\)?$`);
  return (text, column) => {
    let plain = text;
    // Only where it parts groups: `1,5` of somebody who writes decimals with a comma must not become 15.
    if (thousands && grouped && grouped.test(text)) plain = plain.replaceAll(thousands, '');
    // A point left over is none of this source's: better refused than read as a thousandth of what was meant.
    if (point === ',') plain = plain.includes('.') ? '' : plain.replace(',', '.');
    // Accounting writes negative amounts in brackets; spreadsheets write a plus or leave out the zero before the point.
    if (plain.startsWith('(') && plain.endsWith(')')) plain = `-${plain.slice(1, -1)}`;
    else if (plain.startsWith('+')) plain = plain.slice(1);
    if (plain.startsWith('.')) plain = `0${plain}`;
    if (PLAIN.test(plain)) return plain;
    throw new BadValue(column, text, `${JSON.stringify(text)} is not a number`);
  };
}
