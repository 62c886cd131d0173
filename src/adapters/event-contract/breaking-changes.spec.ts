import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../domain/shared/event.js';
import { breakingChanges } from './breaking-changes.js';
import { eventSchema } from './event-schema.js';
import type { JsonSchema } from './json-schema.js';

const schemaOf = (schema: z.ZodType): JsonSchema => eventSchema(defineEvent('test.Happened', schema));

const base = z.object({
  name: z.string(),
  note: z.string().optional(),
  kind: z.enum(['a', 'b']),
  size: z.int().min(1).nullable(),
  tags: z.array(z.string()).max(5),
  on: z.iso.date(),
  config: z.record(z.string(), z.string()),
  to: z.discriminatedUnion('status', [
    z.object({ status: z.literal('here'), since: z.string() }),
    z.object({ status: z.literal('away') }),
  ]),
});
const { shape } = base;
const changed = (fields: Readonly<Record<string, z.ZodType>>): z.ZodType => z.object({ ...shape, ...fields });

describe('a change to a version of an event', () => {
  it.each<[string, z.ZodType]>([
    ['nothing at all', base],
    ['a new optional field', changed({ more: z.string().optional() })],
    ['a description', changed({ name: z.string().describe('What it is called.') })],
    ['a new value of an enumeration', changed({ kind: z.enum(['a', 'b', 'c']) })],
    ['a new alternative of a union', changed({ to: z.discriminatedUnion('status', [...shape.to.options, z.object({ status: z.literal('lost') })]) })],
    ['a new optional field of an alternative', changed({ to: z.discriminatedUnion('status', [shape.to.options[0], z.object({ status: z.literal('away'), why: z.string().optional() })]) })],
  ])('breaks nobody: %s', (_, after) => {
    expect(breakingChanges(schemaOf(base), schemaOf(after))).toEqual([]);
  }); // prettier-ignore

  it.each<[string, z.ZodType, string]>([
    ['a field removed', base.omit({ name: true }), 'data.name is gone'],
    ['an optional field removed', base.omit({ note: true }), 'data.note is gone'],
    ['a required field added', changed({ more: z.string() }), 'data.more is new and must be there, which older events lack'],
    ['a field that becomes required', changed({ note: z.string() }), 'data.note must now be there, and was optional'],
    ['a field that may be missing', changed({ name: z.string().optional() }), 'data.name may now be missing'],
    ['another type', changed({ name: z.int() }), 'data.name can no longer be string'],
    ['a wider type', changed({ size: z.number().min(1).nullable() }), 'data.size can now also be number'],
    ['null no longer', changed({ size: z.int().min(1) }), 'data.size can no longer be null'],
    ['null from now on', changed({ name: z.string().nullable() }), 'data.name can now also be null'],
    ['a value of an enumeration removed', changed({ kind: z.enum(['a']) }), 'data.kind can no longer be "b"'],
    ['an enumeration opened', changed({ kind: z.string() }), 'data.kind was one of "a", "b" and can be anything'],
    ['a text closed to an enumeration', changed({ name: z.enum(['x']) }), 'data.name could be anything and must be one of "x"'],
    ['a bound tightened', changed({ size: z.int().min(2).nullable() }), 'minimum of data.size was 1 and is 2'],
    ['a bound loosened', changed({ tags: z.array(z.string()).max(9) }), 'maxItems of data.tags was 5 and is 9'],
    ['a pattern', changed({ name: z.string().regex(/^x/) }), 'pattern of data.name was not given and is "^x"'],
    ['a format', changed({ on: z.string() }), 'format of data.on was "date" and is not given'],
    ['another type of items', changed({ tags: z.array(z.int()).max(5) }), 'data.tags[] can no longer be string'],
    ['another type of values', changed({ config: z.record(z.string(), z.int()) }), 'data.config.* can no longer be string'],
    ['any values', changed({ config: z.record(z.string(), z.unknown()) }), 'data.config.* can no longer be string'],
    ['an alternative removed', changed({ to: z.discriminatedUnion('status', [shape.to.options[0], z.object({ status: z.literal('lost') })]) }), 'data.to has lost the alternative status "away"'],
    ['a field of an alternative removed', changed({ to: z.discriminatedUnion('status', [z.object({ status: z.literal('here') }), shape.to.options[1]]) }), 'data.to.since is gone'],
  ])('breaks the log or its consumers: %s', (_, after, change) => {
    expect(breakingChanges(schemaOf(base), schemaOf(after))).toContain(change);
  }); // prettier-ignore
});
