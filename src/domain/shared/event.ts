/** What an event type is: its name, its versions and the shape of its data. Names and shapes are a storage contract: only add. */
import type { z } from 'zod';
import type { EventMetadata } from './metadata.js';

/** An event as deciders produce and fold it: plain data. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
  /** There when an event is folded that has its envelope: who did it, and when. Deciders read it and never set it. */
  readonly metadata?: EventMetadata | undefined;
}

/** Turns the data of schema version n into that of version n + 1. Pure; runs on every read path. */
export type Upcaster = (data: unknown) => unknown;

export interface EventDefinition<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** `<capability>.<PastTense>`, for example `work.TaskCreated`. */
  readonly type: Type;
  /** The shape of the newest version; checked when an event is written and when it is read. */
  readonly schema: Schema;
  /** The newest version, written to the metadata as `schemaVersion`: the number of upcasters + 1. */
  readonly schemaVersion: number;
  /** `upcasters[n - 1]` lifts version n to n + 1. */
  readonly upcasters: readonly Upcaster[];
  /** Builds an event of this type. The data is checked by the codec at the store's door, not here. */
  (data: z.infer<Schema>): DomainEvent<Type, z.infer<Schema>>;
}

const schemaVersions = new Map<string, number>();

/** The schema version that events of this type are written with. Whoever can build an event has loaded its definition. */
export function schemaVersionOf(type: string): number {
  const version = schemaVersions.get(type);
  if (version === undefined) throw new Error(`no event type ${type} is defined`);
  return version;
}

/** Declares an event type. The result is both the definition and the function that builds such events. */
export function defineEvent<Type extends string, Schema extends z.ZodType>(
  type: Type,
  schema: Schema,
  upcasters: readonly Upcaster[] = [],
): EventDefinition<Type, Schema> {
  const build = (data: z.infer<Schema>): DomainEvent<Type, z.infer<Schema>> => ({ type, data });
  const schemaVersion = upcasters.length + 1;
  schemaVersions.set(type, schemaVersion);
  return Object.assign(build, { type, schema, schemaVersion, upcasters });
}

/** The event that a definition describes: `EventOf<typeof taskCreated>`; of a list of definitions, their union. */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Schema> ? DomainEvent<Type, z.infer<Schema>> : never;
