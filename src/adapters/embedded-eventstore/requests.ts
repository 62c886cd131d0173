/** Reads what clients send into the store's own terms, refusing what no store could keep. */
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { EXPECT, type ProposedEvent } from './stored-event.js';

/** Input that a real node answers with BadRequest, or with UNKNOWN outside a batch append. */
export class BadRequest extends Error {}

/** A write that doesn't say what it expects: a BadRequest in a batch append, INVALID_ARGUMENT elsewhere. */
export class MissingExpectedRevision extends BadRequest {}

/** A required entry of an event's metadata map is missing. */
export class MissingMetadata extends Error {
  constructor(readonly property: 'type' | 'content-type') {
    super(`Required Metadata Property '${property}' is missing`);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const EMPTY_UUID = '00000000-0000-0000-0000-000000000000';
/** An entry of a Postgres B-tree holds at most 2,704 bytes, and the stream's name is in one. */
export const MAX_NAME_BYTES = 2_000;

type UuidMessage = InstanceType<typeof shared.UUID>;
type StreamIdentifierMessage = InstanceType<typeof shared.StreamIdentifier>;

/** @throws BadRequest */
export function readUuid(uuid: UuidMessage | undefined): string {
  const structured = uuid?.getStructured();
  if (!structured) return checkedUuid(uuid?.getString() ?? '');
  const hex = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
  return checkedUuid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}

const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');

/** In lower case. @throws BadRequest */
export function checkedUuid(text: string): string {
  const uuid = text.toLowerCase();
  if (!UUID.test(uuid)) throw new BadRequest('an id is not a uuid');
  return uuid;
}

/** The stream's name. @throws BadRequest when it is empty or can't be stored */
export const readStreamName = (identifier: StreamIdentifierMessage | undefined): string =>
  checkedStreamName(identifier?.getStreamName_asU8() ?? new Uint8Array(0));

/** @param bytes UTF-8. @throws BadRequest when the name is empty or can't be stored */
export function checkedStreamName(bytes: Uint8Array): string {
  const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (name === '' || name === '$$') throw new BadRequest('a stream name must not be empty');
  if (bytes.length > MAX_NAME_BYTES) throw new BadRequest(`a stream name has at most ${MAX_NAME_BYTES} bytes`);
  if (name.includes('\0')) throw new BadRequest('a stream name must not contain NUL');
  return name;
}

/** An event as a client sent it: nothing of it is checked. */
export interface SentEvent {
  readonly id: string;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** @throws BadRequest, MissingMetadata */
export function readProposedEvent(message: InstanceType<typeof streams.AppendReq.ProposedMessage>): ProposedEvent {
  const map = message.getMetadataMap();
  return checkedEvent({
    id: readUuid(message.getId()),
    type: map.get('type'),
    contentType: map.get('content-type'),
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  });
}

/** @throws BadRequest, MissingMetadata */
export function checkedEvent({ id: sentId, type, contentType, data, metadata }: SentEvent): ProposedEvent {
  const id = checkedUuid(sentId);
  if (id === EMPTY_UUID) throw new BadRequest('an event id must not be empty');
  if (type === undefined) throw new MissingMetadata('type');
  if (contentType === undefined) throw new MissingMetadata('content-type');
  if (type === '' || type.includes('\0')) throw new BadRequest('an event type must not be empty or contain NUL');
  return { id, type, isJson: contentType === 'application/json', data, metadata };
}

/** What counts towards the append limit, as 24.10 counts it. */
export const sizeOf = (event: ProposedEvent): number =>
  event.data.length + event.metadata.length + 2 * event.type.length;

interface ExpectedRevisionOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
}

/** @throws MissingExpectedRevision */
export function readExpected(
  options: ExpectedRevisionOptions & { hasStreamExists?: () => boolean },
  revision: string | undefined,
): number {
  if (options.hasNoStream()) return EXPECT.noStream;
  if (options.hasAny()) return EXPECT.any;
  if (options.hasStreamExists?.()) return EXPECT.streamExists;
  if (revision === undefined) throw new MissingExpectedRevision('an expected revision is required');
  return readNumber(revision);
}

/** A uint64. Beyond 2^53 nothing exists, so the largest safe number stands for all of that. */
export function readNumber(text: string): number {
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}
