/** Streams.BatchAppend, encoded and decoded. Field numbers are those of streams.proto and shared.proto, client 6.2.1. */
import { WrongExpectedVersionError } from '@eventstore/db-client';
import { unpackToCommandError } from '@eventstore/db-client/dist/streams/appendToStream/unpackError.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ExpectedRevision } from '../../commands/ports/event-store.port.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ProtoReader } from '../protobuf/proto-reader.js';
import { ProtoWriter } from '../protobuf/proto-writer.js';
import { uuidIn } from '../protobuf/uuid-message.js';
import { identifier, positionIn } from './read-wire.js';

/** An event on its way to the log. */
export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  /** JSON. */
  readonly data: string;
  readonly metadata: string;
}

export interface AppendRequest {
  readonly streamName: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly ProposedEvent[];
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
}

export interface Appended {
  readonly revision: number;
  readonly position: LogPosition | undefined;
}

export interface BatchAnswer {
  readonly correlationId: string;
  readonly outcome: Appended | Error;
}

/** A server takes messages of up to 16 MiB; the client's own appends are cut at the same place. */
const MESSAGE_BYTES = 3 * 1024 * 1024;
/** Ids, keys and lengths: what an event takes beside its payloads and its type, and a message beside its events. */
const ENVELOPE_BYTES = 160;

/** The messages of one append; more than one when its events are large. */
export function encodeAppend(
  correlationId: string,
  { streamName, expected, events, deadline }: AppendRequest,
): Buffer[] {
  const messages: Buffer[] = [];
  for (let from = 0; from === 0 || from < events.length;) {
    let room = ENVELOPE_BYTES + streamName.length * 3;
    let to = from;
    for (; to < events.length; to++) {
      const size = roomFor(events[to]);
      if (to > from && room + size > MESSAGE_BYTES) break;
      room += size;
    }
    const writer = new ProtoWriter(room);
    if (to >= events.length) writer.uint(4, 1); // final
    for (let index = to - 1; index >= from; index--) proposed(writer, events[index]);
    if (from === 0) {
      const options = writer.mark;
      timestamp(writer, 6, deadline);
      if (expected === 'no_stream') writer.empty(3);
      else writer.uint(2, expected);
      identifier(writer, 1, streamName);
      writer.close(2, options);
    }
    uuid(writer, 1, correlationId);
    messages.push(writer.finish());
    if (to === from) break;
    from = to;
  }
  return messages;
}

const roomFor = (event: ProposedEvent | undefined): number =>
  event
    ? ENVELOPE_BYTES + event.type.length * 3 + Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata)
    : 0;

function proposed(writer: ProtoWriter, event: ProposedEvent | undefined): void {
  if (!event) return;
  const mark = writer.mark;
  writer.string(4, event.data);
  writer.string(3, event.metadata);
  header(writer, 'content-type', 'application/json');
  header(writer, 'type', event.type);
  uuid(writer, 1, event.id);
  writer.close(3, mark);
}

function header(writer: ProtoWriter, key: string, value: string): void {
  const mark = writer.mark;
  writer.string(2, value);
  writer.string(1, key);
  writer.close(2, mark);
}

function uuid(writer: ProtoWriter, field: number, id: string): void {
  const mark = writer.mark;
  writer.string(2, id);
  writer.close(field, mark);
}

function timestamp(writer: ProtoWriter, field: number, milliseconds: number): void {
  const mark = writer.mark;
  writer.uint(2, (milliseconds % 1_000) * 1_000_000); // nanoseconds
  writer.uint(1, Math.floor(milliseconds / 1_000));
  writer.close(field, mark);
}

export function decodeBatchAnswer(bytes: Buffer): BatchAnswer {
  let correlationId = '';
  let outcome: Appended | undefined;
  const answer = new ProtoReader(bytes);
  for (let field = answer.next(); field > 0; field = answer.next()) {
    if (field === 1) correlationId = uuidIn(answer.message());
    else if (field === 3) outcome = success(answer.message());
    else answer.skip();
  }
  return { correlationId, outcome: outcome ?? failure(bytes) };
}

function success(message: ProtoReader): Appended {
  let revision = 0;
  let position: LogPosition | undefined;
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) revision = message.uint();
    else if (field === 3) position = positionIn(message.message());
    else message.skip();
  }
  return { revision, position };
}

/** Refusals are rare: the client's own classes know them all. */
function failure(bytes: Buffer): Error {
  const answer = streams.BatchAppendResp.deserializeBinary(bytes);
  const status = answer.getError();
  if (!status) return new Error('the event store answered an append with neither success nor error');
  const name = Buffer.from(answer.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  return unpackToCommandError(status, name);
}

/** The stream's last revision, as the refusal tells it. */
export function actualOf({ actualVersion }: WrongExpectedVersionError): number | 'no_stream' | undefined {
  if (actualVersion === 'no_stream') return 'no_stream';
  if (typeof actualVersion !== 'bigint') return undefined;
  return actualVersion < 0n ? 'no_stream' : Number(actualVersion);
}
