/** Between the log's bytes and typed events: checked when written, upcast and checked when read. */
import { jsonEvent, type EventData } from '@eventstore/db-client';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { z } from 'zod';
import { MalformedEvent } from '../../commands/ports/event-store.errors.js';
import type { NewEvent } from '../../commands/ports/event-store.port.js';
import type { EventDefinition } from '../../domain/shared/event.js';
import { eventMetadataSchema } from '../../domain/shared/metadata.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';

type WireEvent = ReadResp.ReadEvent.RecordedEvent;

export class EventCodec {
  readonly #definitions: ReadonlyMap<string, EventDefinition>;

  constructor(definitions: readonly EventDefinition[]) {
    this.#definitions = new Map(definitions.map((definition) => [definition.type, definition]));
  }

  /** @throws MalformedEvent */
  encode({ id, type, data, metadata }: NewEvent): EventData {
    const definition = this.#definition(type);
    return jsonEvent({
      id,
      type,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every event's schema is one of an object
      data: checked(definition.schema, data, `the data of ${type}`) as Record<string, unknown>,
      metadata: checked(eventMetadataSchema, metadata, `the metadata of ${type}`),
    });
  }

  /** @throws MalformedEvent */
  decode(record: WireEvent): RecordedEvent {
    const type = typeOf(record);
    const definition = this.#definition(type);
    const metadata = checked(eventMetadataSchema, parse(record.getCustomMetadata_asU8()), `the metadata of ${type}`);
    return {
      id: idOf(record),
      streamName: streamNameOf(record),
      revision: Number(record.getStreamRevision()),
      position: positionOf(record),
      type,
      data: checked(definition.schema, upcast(definition, parse(record.getData_asU8()), metadata.schemaVersion), type),
      metadata,
      recordedAt: recordedAtOf(record),
    };
  }

  #definition(type: string): EventDefinition {
    const definition = this.#definitions.get(type);
    if (!definition) throw new MalformedEvent(`no event type ${type} is known here`);
    return definition;
  }
}

/** What can be said of an event whatever is in it. */
export interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly streamName: string;
  readonly revision: number;
  readonly position: LogPosition;
}

export const envelopeOf = (record: WireEvent): Envelope => ({
  id: idOf(record),
  type: typeOf(record),
  streamName: streamNameOf(record),
  revision: Number(record.getStreamRevision()),
  position: positionOf(record),
});

export const typeOf = (record: WireEvent): string => record.getMetadataMap().get('type') ?? '';

export function positionOf(record: WireEvent): LogPosition {
  const commit = record.getCommitPosition();
  const prepare = record.getPreparePosition();
  const position = BigInt(commit);
  return { commit: position, prepare: prepare === commit ? position : BigInt(prepare) };
}

const idOf = (record: WireEvent): string => record.getId()?.getString() ?? '';

function streamNameOf(record: WireEvent): string {
  const name = record.getStreamIdentifier()?.getStreamName_asU8();
  return name ? text(name) : '';
}

/** `created` counts ticks of 100 ns since the Unix epoch. */
function recordedAtOf(record: WireEvent): string {
  const ticks = record.getMetadataMap().get('created') ?? '0';
  if (ticks !== lastTicks) {
    lastTicks = ticks;
    lastRecordedAt = new Date(Number(ticks.slice(0, -4))).toISOString();
  }
  return lastRecordedAt;
}

/** Neighbours in the log were often recorded in the same instant, and formatting a date costs as much as parsing the event. */
let lastTicks = '';
let lastRecordedAt = '';

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

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(text(bytes));
  } catch {
    throw new MalformedEvent('an event is not JSON');
  }
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
