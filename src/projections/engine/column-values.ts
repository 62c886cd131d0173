/** JavaScript values to and from the texts that Postgres takes and gives. Written for speed: this runs for every value of every row. */
import { instantOf } from '../ports/instant-text.js';
import type { ColumnType, Value } from './projection.js';

/** One column of a batch as the text of an array (or, for json, of one JSON array). @throws when a value is undefined */
export function encodeColumn<Source>(
  type: ColumnType,
  rows: readonly Source[],
  valueOf: (row: Source) => Value | undefined,
  place: string,
): string {
  if (type === 'json') return encodeJson(rows.map((row) => defined(valueOf(row), place)));
  const quoted = type === 'text' || type.endsWith('[]');
  let text = '{';
  for (const row of rows) {
    // No element is empty, so that only before the first one nothing follows the brace.
    if (text.length > 1) text += ',';
    const value = defined(valueOf(row), place);
    if (value === null) text += 'NULL';
    else if (typeof value === 'bigint' && !quoted) text += numberOf(value);
    else if (!quoted) text += bare(value, place);
    else text += quoteElement(Array.isArray(value) ? encodeArray(value) : scalarText(value, place));
  }
  return `${text}}`;
}

function defined(value: Value | undefined, place: string): Value {
  if (value === undefined) throw new TypeError(`column ${place} was given no value (undefined); null stands for none`);
  return value;
}

/** As a number where that is exact: a bigint takes several times as long to become text. */
function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Numbers, ids, days and instants need no quotes, and contain nothing that an array's text gives a meaning to. */
function bare(value: Value, place: string): string {
  const text = scalarText(value, place);
  // A text that is not what its column holds must fail as a value, and not tear the array's text apart.
  return text === '' || BREAKS_ARRAY.test(text) ? quoteElement(text) : text;
}
const BREAKS_ARRAY = /[{}",\\]|^null$/i;

function scalarText(value: Value, place: string): string {
  if (typeof value === 'object') throw new TypeError(`column ${place} was given an object, and is not json`);
  return String(value);
}

const encodeArray = (values: readonly unknown[]): string =>
  `{${values.map((value) => quoteElement(String(value))).join(',')}}`;

const NEEDS_ESCAPE = /["\\\0]/;

function quoteElement(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  // Postgres has no NUL in texts; the replacement character says that something stood here.
  return `"${text.replaceAll('\0', '\uFFFD').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** NUL and half of a surrogate pair: legal in JSON, refused by json functions. */
const HALF_PAIR = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const REFUSED_BY_JSON = /\\u(?:0000|d[89a-f])/i;

function encodeJson(values: readonly Value[]): string {
  const text = stringify(values);
  if (!REFUSED_BY_JSON.test(text)) return text;
  return JSON.stringify(values, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD').replace(HALF_PAIR, '\uFFFD') : value;
  });
}

function stringify(values: readonly Value[]): string {
  try {
    return JSON.stringify(values);
  } catch {
    // A bigint, which JSON does not know. To look at each value for one takes ten times as long, and hardly any has one.
    return JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  }
}

/** Everything that JSON can say is a value of a row. */
const parseJson: (text: string) => Value = JSON.parse;

/** The value as evolve would have given it: instants with milliseconds in UTC, bigint as bigint, numeric as text. */
export function decodeValue(type: ColumnType, text: string | null): Value {
  if (text === null) return null;
  switch (type) {
    case 'int':
      return Number(text);
    case 'bigint':
      return BigInt(text);
    case 'boolean':
      return text === 't';
    case 'timestamptz':
      return instantOf(text);
    case 'json':
    case 'text[]':
    case 'uuid[]':
      return parseJson(text);
    case 'uuid':
    case 'text':
    case 'numeric':
    case 'date':
    case 'time':
      return text;
  }
}
