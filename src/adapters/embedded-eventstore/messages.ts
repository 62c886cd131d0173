/** The answers of the Streams service, encoded. Field numbers are those of streams.proto and shared.proto, client 6.2.1. */
import { ProtoWriter } from '../protobuf/proto-writer.js';
import type { StoredEvent } from './stored-event.js';

/** Room for everything in a message that isn't a payload or a name. */
const ENVELOPE_BYTES = 320;

/** How the reader wants ids written. */
export type UuidForm = 'string' | 'structured';

/** An event as one that is sent, with the link that led to it, if any. */
export interface ResolvedEvent {
  readonly event: StoredEvent | undefined;
  readonly link: StoredEvent | undefined;
}

const plainEncodings = new WeakMap<StoredEvent, Buffer>();

/** ReadResp with an event. Encoded once however many subscribers get it. */
export function eventMessage(event: StoredEvent, uuid: UuidForm): Buffer {
  if (uuid === 'structured') return resolvedMessage({ event, link: undefined }, uuid);
  let encoded = plainEncodings.get(event);
  if (!encoded) {
    encoded = resolvedMessage({ event, link: undefined }, uuid);
    plainEncodings.set(event, encoded);
  }
  return encoded;
}

export function resolvedMessage({ event, link }: ResolvedEvent, uuid: UuidForm): Buffer {
  const writer = new ProtoWriter(capacityFor(event) + capacityFor(link));
  const response = writer.mark;
  const position = (link ?? event)?.position;
  if (position !== undefined) writer.uint(3, position);
  if (link) recordedEvent(writer, 2, link, uuid);
  if (event) recordedEvent(writer, 1, event, uuid);
  writer.close(1, response);
  return writer.finish();
}

/** What a consumer of a persistent subscription gets. Event and link both carry the position of what was pushed. */
export function persistentEventMessage({ event, link }: ResolvedEvent, retryCount: number, uuid: UuidForm): Buffer {
  const writer = new ProtoWriter(capacityFor(event) + capacityFor(link));
  const response = writer.mark;
  const position = (link ?? event)?.position;
  writer.uint(5, retryCount);
  if (position !== undefined) writer.uint(3, position);
  if (link) recordedEvent(writer, 2, link, uuid, position);
  if (event) recordedEvent(writer, 1, event, uuid, position);
  writer.close(1, response);
  return writer.finish();
}

export function confirmationMessage(subscriptionId: string): Buffer {
  return message(2, (writer) => writer.string(1, subscriptionId), subscriptionId.length * 3);
}

export function checkpointMessage(position: number): Buffer {
  return message(3, (writer) => {
    writer.uint(2, position);
    writer.uint(1, position);
  });
}

export function streamNotFoundMessage(stream: string): Buffer {
  return message(4, (writer) => streamIdentifier(writer, 1, stream), stream.length * 3);
}

export const caughtUpMessage: Buffer = message(8, () => undefined);

/** The success of a batch append. */
export function batchSuccessMessage(
  correlationId: string,
  stream: string,
  revision: number,
  position: number | undefined,
): Buffer {
  const writer = new ProtoWriter(ENVELOPE_BYTES + stream.length * 3);
  streamIdentifier(writer, 4, stream);
  const success = writer.mark;
  if (position === undefined) {
    writer.empty(4);
  } else {
    const all = writer.mark;
    writer.uint(2, position);
    writer.uint(1, position);
    writer.close(3, all);
  }
  if (revision < 0) writer.empty(2);
  else writer.uint(1, revision);
  writer.close(3, success);
  uuidField(writer, 1, correlationId, 'string');
  return writer.finish();
}

function message(field: number, body: (writer: ProtoWriter) => void, extra = 0): Buffer {
  const writer = new ProtoWriter(64 + extra);
  const mark = writer.mark;
  body(writer);
  writer.close(field, mark);
  return writer.finish();
}

function capacityFor(event: StoredEvent | undefined): number {
  if (!event) return 16;
  return ENVELOPE_BYTES + event.data.length + event.metadata.length + (event.stream.length + event.type.length) * 3;
}

function recordedEvent(
  writer: ProtoWriter,
  field: number,
  event: StoredEvent,
  uuid: UuidForm,
  position = event.position,
): void {
  const mark = writer.mark;
  if (event.data.length > 0) writer.bytes(8, event.data);
  if (event.metadata.length > 0) writer.bytes(7, event.metadata);
  // Ticks of 100 ns since the Unix epoch.
  mapEntry(writer, 'created', `${event.recordedAt}0000`);
  mapEntry(writer, 'content-type', event.isJson ? 'application/json' : 'application/octet-stream');
  mapEntry(writer, 'type', event.type);
  writer.uint(5, position);
  writer.uint(4, position);
  if (event.revision > 0) writer.uint(3, event.revision);
  streamIdentifier(writer, 2, event.stream);
  uuidField(writer, 1, event.id, uuid);
  writer.close(field, mark);
}

function mapEntry(writer: ProtoWriter, key: string, value: string): void {
  const mark = writer.mark;
  writer.string(2, value);
  writer.string(1, key);
  writer.close(6, mark);
}

function streamIdentifier(writer: ProtoWriter, field: number, stream: string): void {
  const mark = writer.mark;
  writer.string(3, stream);
  writer.close(field, mark);
}

function uuidField(writer: ProtoWriter, field: number, id: string, form: UuidForm): void {
  const mark = writer.mark;
  if (form === 'string') {
    writer.string(2, id);
  } else {
    const hex = id.replaceAll('-', '');
    const structured = writer.mark;
    writer.int64(2, BigInt(`0x${hex.slice(16)}`));
    writer.int64(1, BigInt(`0x${hex.slice(0, 16)}`));
    writer.close(1, structured);
  }
  writer.close(field, mark);
}
