/** Between the log's bytes and typed events: checked when written, upcast and checked when read. */
import type { z } from 'zod';
import { MalformedEvent } from '../../commands/ports/event-store.errors.js';
import type { NewEvent } from '../../commands/ports/event-store.port.js';
import type { EventDefinition } from '../../domain/shared/event.js';
import { eventMetadataSchema } from '../../domain/shared/metadata.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { ProposedEvent } from './append-wire.js';
import type { WireEvent } from './read-wire.js';

export class EventCodec {
  readonly #definitions: ReadonlyMap<string, EventDefinition>;

  constructor(definitions: readonly EventDefinition[]) {
    this.#definitions = new Map(definitions.map((definition) => [definition.type, definition]));
  }

  /** @throws MalformedEvent */
  encode({ id, type, data, metadata }: NewEvent): ProposedEvent {
    const definition = this.#definition(type);
    return {
      id,
      type,
      data: JSON.stringify(checked(definition.schema, data, `the data of ${type}`)),
      metadata: JSON.stringify(checked(eventMetadataSchema, metadata, `the metadata of ${type}`)),
    };
  }

  /** @throws MalformedEvent */
  decode({ id, streamName, revision, position, type, created, data, metadata: header }: WireEvent): RecordedEvent {
    const definition = this.#definition(type);
    const metadata = checked(eventMetadataSchema, parse(header), `the metadata of ${type}`);
    return {
      id,
      streamName,
      revision: Number(revision),
      position,
      type,
      data: checked(definition.schema, upcast(definition, parse(data), metadata.schemaVersion), type),
      metadata,
      recordedAt: instantOf(created),
    };
  }

  #definition(type: string): EventDefinition {
    const definition = this.#definitions.get(type);
    if (!definition) throw new MalformedEvent(`no event type ${type} is known here`);
    return definition;
  }
}

/** @param ticks of 100 ns since the Unix epoch */
function instantOf(ticks: string): string {
  if (ticks !== lastTicks) {
    lastTicks = ticks;
    lastInstant = new Date(Number(ticks.slice(0, -4))).toISOString();
  }
  return lastInstant;
}

/** Neighbours in the log were often recorded in the same instant, and formatting a date costs as much as parsing the event. */
let lastTicks = '';
let lastInstant = '';

function upcast(definition: EventDefinition, data: unknown, version: number): unknown {
  if (version > definition.schemaVersion) {
    throw new MalformedEvent(
      `${definition.type} was written as version ${version}, this program knows ${definition.schemaVersion}: update it`,
    );
  }
  return definition.upcasters.slice(version - 1).reduce((older, lift) => lift(older), data);
}

/** The messages name fields and rules, never values: those may be personal. */
function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.code}`);
  throw new MalformedEvent(`${what} is not what it should be: ${issues.slice(0, 5).join(', ')}`);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new MalformedEvent('an event is not JSON');
  }
}
