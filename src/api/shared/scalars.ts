/**
 * The custom scalars. Input is checked strictly, with errors that say what was sent and what is wanted; output trusts the
 * read models except where two representations are common.
 */
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { parseDecimal } from '../../domain/shared/money.js';
import { formatPosition, parsePosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

/** A scalar that travels as a string. `parse` gives undefined when the text is none of its kind. */
function textScalar<Internal>(
  name: string,
  wanted: string,
  parse: (text: string) => Internal | undefined,
  serialize: (value: unknown) => string | undefined,
): GraphQLScalarType<Internal, string> {
  const read = (value: unknown): Internal => {
    const parsed = typeof value === 'string' ? parse(value) : undefined;
    if (parsed === undefined) throw new GraphQLError(`${show(value)} is not a ${name}: ${wanted}.`);
    return parsed;
  };
  return new GraphQLScalarType<Internal, string>({
    name,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : literalText(node)),
    serialize: (value) => {
      const text = serialize(value);
      if (text === undefined) throw new TypeError(`a ${name} can't be written from ${typeof value}`);
      return text;
    },
  });
}

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What was sent, short enough for a message. */
function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Numbers and names written where a string belongs: refused, but named in the message. */
const literalText = (node: ValueNode): unknown => ('value' in node ? { [node.kind]: node.value } : node.kind);

/** Postgres has no year 0. */
const existingDay = (text: string): string | undefined =>
  /^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text)
    ? text
    : undefined;

/** To UTC with milliseconds; a 30 February, which Date would move on to March, is refused. */
function toInstant(text: string): string | undefined {
  if (!INSTANT.test(text) || !existingDay(text.slice(0, 10))) return undefined;
  const instant = new Date(text).toJSON() ?? '';
  // An offset may lead out of the years that have four digits.
  return /^(?!0000)\d{4}-/.test(instant) ? instant : undefined;
}

function writeInstant(value: unknown): string | undefined {
  if (typeof value === 'string' && value.length === 24 && value.endsWith('Z')) return value;
  // Postgres writes `2026-03-01 09:30:00+00`, and its driver may give a Date.
  const date = value instanceof Date ? value : new Date(String(value));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

const uuidScalar = textScalar(
  'UUID',
  'it has the form 01890a5d-ac96-774b-bcce-b302099a8057',
  (text) => (UUID.test(text.toLowerCase()) ? text.toLowerCase() : undefined),
  asText,
);

const dateTimeScalar = textScalar(
  'DateTime',
  'it is ISO 8601 with a zone, such as 2026-03-01T09:30:00Z, and must exist in the calendar',
  toInstant,
  writeInstant,
);

const dateScalar = textScalar('Date', 'it is YYYY-MM-DD and must exist in the calendar', existingDay, asText);

const timeOfDayScalar = textScalar(
  'TimeOfDay',
  'it is HH:MM or HH:MM:SS',
  (text) => (TIME_OF_DAY.test(text) ? text : undefined),
  asText,
);

/** Travels as a string, because a JSON number is a float: 0.1 would already be wrong. */
const decimalScalar = textScalar(
  'Decimal',
  'send a string such as "-12.50", without thousands separators, exponent or currency sign',
  (text) => (text === text.trim() && parseDecimal(text) ? text : undefined),
  (value) =>
    typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined,
);

const positionScalar = textScalar<LogPosition>(
  'Position',
  'send one that the API gave you, as a string',
  parsePosition,
  (value) => (typeof value === 'string' ? value : isPosition(value) ? formatPosition(value) : undefined),
);

const isPosition = (value: unknown): value is LogPosition =>
  typeof value === 'object' && value !== null && 'commit' in value && 'prepare' in value;

function jsonLiteral(node: ValueNode, variables?: Readonly<Record<string, unknown>> | null): unknown {
  if (node.kind === Kind.VARIABLE) return variables?.[node.name.value];
  if (node.kind === Kind.LIST) return node.values.map((value) => jsonLiteral(value, variables));
  if (node.kind === Kind.OBJECT)
    return Object.fromEntries(node.fields.map((field) => [field.name.value, jsonLiteral(field.value, variables)]));
  if (node.kind === Kind.NULL) return null;
  return node.kind === Kind.INT || node.kind === Kind.FLOAT ? Number(node.value) : node.value;
}

const jsonScalar = new GraphQLScalarType({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: jsonLiteral,
});

/** For the schema's resolver map. Descriptions stand in base.graphql. */
export const scalars = {
  UUID: uuidScalar,
  DateTime: dateTimeScalar,
  Date: dateScalar,
  TimeOfDay: timeOfDayScalar,
  Decimal: decimalScalar,
  Position: positionScalar,
  JSON: jsonScalar,
} as const;
