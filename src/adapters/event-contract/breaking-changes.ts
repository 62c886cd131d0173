/**
 * What a changed schema breaks. A version of an event is a promise to two sides, so it holds in both directions:
 *
 * - to the log: what was written must still be read, so nothing may be asked for that older events lack;
 * - to consumers: what they relied on must still come, in the shape it had.
 *
 * That leaves, within a version: new optional fields, new values of an enumeration, new alternatives of a union told apart
 * by a constant, and descriptions. Everything else is a new version of the event.
 */
import { branchesOf, isSchema, partsOf, type JsonSchema } from './json-schema.js';

/** Keywords that say which values of a type are allowed. Tightened, the log may hold others; loosened, consumers get others. */
const BOUNDS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
  'format',
] as const;

/** @returns one sentence for each break; none when all that holds of one holds of the other */
export function breakingChanges(before: JsonSchema, after: JsonSchema, at = 'data'): readonly string[] {
  const old = alternatives(before);
  const now = alternatives(after);
  const oldTypes = new Set(old.map(typeOf));
  const newTypes = new Set(now.map(typeOf));
  const gone = [...oldTypes].filter((type) => !newTypes.has(type)).map((type) => `${at} can no longer be ${type}`);
  const come = [...newTypes].filter((type) => !oldTypes.has(type)).map((type) => `${at} can now also be ${type}`);
  const kept = [...oldTypes].filter((type) => newTypes.has(type));
  const within = kept.flatMap((type) =>
    compareOfType(
      old.filter((one) => typeOf(one) === type),
      now.filter((one) => typeOf(one) === type),
      at,
    ),
  );
  return [...gone, ...come, ...within];
}

/** One alternative on each side is the rule; several objects are a union whose members carry different constants. */
function compareOfType(old: readonly JsonSchema[], now: readonly JsonSchema[], at: string): readonly string[] {
  const [before, ...moreBefore] = old;
  const [after, ...moreAfter] = now;
  if (before && after && moreBefore.length === 0 && moreAfter.length === 0) return compareOne(before, after, at);
  const named = new Map(now.map((one) => [constantsOf(one), one]));
  return old.flatMap((one) => {
    const constants = constantsOf(one);
    const same = named.get(constants);
    return same ? compareOne(one, same, at) : [`${at} has lost the alternative ${constants}`];
  });
}

function compareOne(before: JsonSchema, after: JsonSchema, at: string): readonly string[] {
  return [
    ...compareValues(before, after, at),
    ...BOUNDS.filter((bound) => before[bound] !== after[bound]).map(
      (bound) => `${bound} of ${at} was ${shown(before[bound])} and is ${shown(after[bound])}`,
    ),
    ...compareProperties(before, after, at),
    ...comparePart(before['items'], after['items'], `${at}[]`),
    ...comparePart(before['additionalProperties'], after['additionalProperties'], `${at}.*`),
  ];
}

function compareValues(before: JsonSchema, after: JsonSchema, at: string): readonly string[] {
  const old = valuesOf(before);
  const now = valuesOf(after);
  if (!old && !now) return [];
  if (!now) return [`${at} was one of ${old?.join(', ')} and can be anything`];
  if (!old) return [`${at} could be anything and must be one of ${now.join(', ')}`];
  return old.filter((value) => !now.includes(value)).map((value) => `${at} can no longer be ${value}`);
}

function compareProperties(before: JsonSchema, after: JsonSchema, at: string): readonly string[] {
  const old = partsOf(before['properties']);
  const now = partsOf(after['properties']);
  const mustBefore = requiredOf(before);
  const mustAfter = requiredOf(after);
  const kept = Object.entries(old).flatMap(([name, part]) => {
    const path = `${at}.${name}`;
    const same = now[name];
    if (!same) return [`${path} is gone`];
    if (mustBefore.has(name) && !mustAfter.has(name)) return [`${path} may now be missing`];
    if (!mustBefore.has(name) && mustAfter.has(name)) return [`${path} must now be there, and was optional`];
    return breakingChanges(part, same, path);
  });
  const added = Object.keys(now).filter((name) => !Object.hasOwn(old, name) && mustAfter.has(name));
  return [...kept, ...added.map((name) => `${at}.${name} is new and must be there, which older events lack`)];
}

function comparePart(before: unknown, after: unknown, at: string): readonly string[] {
  if (isSchema(before) && isSchema(after)) return breakingChanges(before, after, at);
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [`${at} was ${shown(before)} and is ${shown(after)}`];
}

/** A schema as a list of those with one type each. */
function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const branches = branchesOf(schema);
  if (branches.length > 0) return branches.flatMap(alternatives);
  const type: unknown = schema['type'];
  if (Array.isArray(type)) return type.map((one: unknown) => ({ ...schema, type: one }));
  return [schema];
}

/** A schema without a type allows all of them. */
const typeOf = (schema: JsonSchema): string => (typeof schema['type'] === 'string' ? schema['type'] : 'anything');

function valuesOf(schema: JsonSchema): readonly string[] | undefined {
  if ('const' in schema) return [shown(schema['const'])];
  const values: unknown = schema['enum'];
  return Array.isArray(values) ? values.map(shown) : undefined;
}

const requiredOf = (schema: JsonSchema): ReadonlySet<unknown> =>
  new Set(Array.isArray(schema['required']) ? schema['required'] : []);

/** What tells a member of a union from the others: `status "present"`. */
const constantsOf = (schema: JsonSchema): string =>
  Object.entries(partsOf(schema['properties']))
    .flatMap(([name, part]) => ('const' in part ? [`${name} ${shown(part['const'])}`] : []))
    .join(', ');

const shown = (value: unknown): string => (value === undefined ? 'not given' : JSON.stringify(value));
