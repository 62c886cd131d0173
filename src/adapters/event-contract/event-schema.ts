/** The JSON Schema (2020-12) of an event's data, from the zod schema that guards the log. */
import { z } from 'zod';
import type { EventDefinition } from '../../domain/shared/event.js';
import { schemaUri } from '../nats/cloud-event.js';
import { exampleOf } from './example.js';
import { branchesOf, isSchema, partsOf, type JsonSchema } from './json-schema.js';

/** zod spells these formats out as expressions of hundreds of characters, which no reader and no generator of code wants. */
const FORMATS = new Set<unknown>(['date', 'date-time', 'uuid']);

/** Of the newest version: the only one that the code knows. Older ones are kept as files. */
export function eventSchema({ type, schema, schemaVersion }: EventDefinition): JsonSchema {
  // What is written, which is what is read: times are normalised before an event is made of them.
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ jsonSchema }) => {
      if (FORMATS.has(jsonSchema.format)) delete jsonSchema.pattern;
      if (jsonSchema['personal'] === true) jsonSchema['x-personal-data'] = true;
      delete jsonSchema['personal'];
    },
  });
  const named = { $schema, $id: schemaUri(type, schemaVersion), title: type, ...rest };
  return { ...named, examples: [exampleOf(named)] };
}

/** Paths of what is somebody's name, address or words: `lines[].note`. */
export function personalData(schema: JsonSchema, path = ''): readonly string[] {
  if (schema['x-personal-data'] === true) return [path];
  const below = [
    ...Object.entries(partsOf(schema['properties'])).map(([name, part]) => ({ part, at: path ? `${path}.${name}` : name })),
    ...(isSchema(schema['items']) ? [{ part: schema['items'], at: `${path}[]` }] : []),
    ...branchesOf(schema).map((part) => ({ part, at: path })),
  ]; // prettier-ignore
  return [...new Set(below.flatMap(({ part, at }) => personalData(part, at)))];
}
