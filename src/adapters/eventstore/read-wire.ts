/** Streams.Read, encoded and decoded. Field numbers are those of streams.proto and shared.proto, client 6.2.1. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ProtoReader } from '../protobuf/proto-reader.js';
import { ProtoWriter } from '../protobuf/proto-writer.js';

/** An event as the server sends it. */
export interface WireEvent {
  readonly id: string;
  readonly streamName: string;
  readonly revision: bigint;
  readonly position: LogPosition;
  readonly type: string;
  readonly isJson: boolean;
  /** Ticks of 100 ns since the Unix epoch. */
  readonly created: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export type ReadAnswer =
  | { readonly kind: 'event'; readonly event: WireEvent }
  | { readonly kind: 'checkpoint'; readonly position: LogPosition }
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'streamNotFound' }
  /** Confirmations, links whose event is gone, and what newer servers have to say. */
  | { readonly kind: 'other' };

const CAUGHT_UP: ReadAnswer = { kind: 'caughtUp' };
const STREAM_NOT_FOUND: ReadAnswer = { kind: 'streamNotFound' };
const OTHER: ReadAnswer = { kind: 'other' };
const NO_BYTES = Buffer.alloc(0);

export function decodeReadAnswer(bytes: Buffer): ReadAnswer {
  const answer = new ProtoReader(bytes);
  switch (answer.next()) {
    case 1:
      return eventAnswer(answer.message());
    case 3:
      return { kind: 'checkpoint', position: positionIn(answer.message()) };
    case 4:
      return STREAM_NOT_FOUND;
    case 8:
      return CAUGHT_UP;
    default:
      return OTHER;
  }
}

function eventAnswer(answer: ProtoReader): ReadAnswer {
  for (let field = answer.next(); field > 0; field = answer.next()) {
    if (field === 1) return { kind: 'event', event: recordedEvent(answer.message()) };
    answer.skip();
  }
  return OTHER;
}

function recordedEvent(record: ProtoReader): WireEvent {
  let id = '';
  let streamName = '';
  let revision = 0n;
  let prepare = 0n;
  let commit = 0n;
  let type = '';
  let contentType = '';
  let created = '0';
  let metadata: Buffer = NO_BYTES;
  let data: Buffer = NO_BYTES;
  for (let field = record.next(); field > 0; field = record.next()) {
    switch (field) {
      case 1:
        id = stringIn(record.message(), 2);
        break;
      case 2:
        streamName = stringIn(record.message(), 3);
        break;
      case 3:
        revision = record.bigUint();
        break;
      case 4:
        prepare = record.bigUint();
        break;
      case 5:
        commit = record.bigUint();
        break;
      case 6: {
        const entry = record.message();
        let key = '';
        let value = '';
        for (let part = entry.next(); part > 0; part = entry.next()) {
          if (part === 1) key = entry.string();
          else if (part === 2) value = entry.string();
          else entry.skip();
        }
        if (key === 'type') type = value;
        else if (key === 'content-type') contentType = value;
        else if (key === 'created') created = value;
        break;
      }
      case 7:
        metadata = record.slice();
        break;
      case 8:
        data = record.slice();
        break;
      default:
        record.skip();
    }
  }
  const isJson = contentType === 'application/json';
  return { id, streamName, revision, position: { commit, prepare }, type, isJson, created, data, metadata };
}

/** A message of a commit and a prepare position. */
export function positionIn(message: ProtoReader): LogPosition {
  let commit = 0n;
  let prepare = 0n;
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) commit = message.bigUint();
    else if (field === 2) prepare = message.bigUint();
    else message.skip();
  }
  return { commit, prepare };
}

function stringIn(message: ProtoReader, wanted: number): string {
  let found = '';
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === wanted) found = message.string();
    else message.skip();
  }
  return found;
}

/** The events of a stream from a revision on, that one included. */
export function streamRead(streamName: string, fromRevision: number, count: number): Buffer {
  return readRequest(streamName.length * 3, (options) => {
    options.empty(8); // no filter
    options.uint(5, count);
    const stream = options.mark;
    options.uint(2, fromRevision);
    identifier(options, 1, streamName);
    options.close(1, stream);
  });
}

/** `$all` from a position on, that one included; from its first event when there is none. */
export function allForwards(from: LogPosition | undefined, count: number): Buffer {
  return readRequest(0, (options) => {
    options.empty(8);
    options.uint(5, count);
    allFrom(options, from, 2);
  });
}

/** `$all` backwards from strictly before a position, or from its end. */
export function allBackwards(before: LogPosition | undefined, count: number): Buffer {
  return readRequest(0, (options) => {
    options.empty(8);
    options.uint(5, count);
    options.uint(3, 1); // backwards
    allFrom(options, before, 3);
  });
}

/** Which event types a subscription wants. */
export type TypeFilter = { readonly regex: string } | { readonly prefixes: readonly string[] };

/** A subscription to `$all`, strictly after a position; the server tells its position after every `window` events that it examined. */
export function allSubscription(after: LogPosition | undefined, filter: TypeFilter, window: number): Buffer {
  const prefixes = 'prefixes' in filter ? filter.prefixes : [];
  const room = prefixes.reduce((sum, prefix) => sum + prefix.length * 3 + 6, 'regex' in filter ? filter.regex.length * 3 : 0); // prettier-ignore
  return readRequest(room, (options) => {
    const filterOptions = options.mark;
    options.uint(5, 1); // checkpoint interval, in windows
    options.uint(3, window);
    const byType = options.mark;
    for (const prefix of prefixes.toReversed()) options.string(2, prefix);
    if ('regex' in filter) options.string(1, filter.regex);
    options.close(2, byType);
    options.close(7, filterOptions);
    options.empty(6); // subscription
    allFrom(options, after, 2);
  });
}

/** Everything that a request says beside names and expressions fits into this. */
const REQUEST_BYTES = 128;

function readRequest(room: number, fields: (options: ProtoWriter) => void): Buffer {
  const writer = new ProtoWriter(REQUEST_BYTES + room);
  const options = writer.mark;
  const uuids = writer.mark;
  writer.empty(2); // ids as strings
  writer.close(9, uuids);
  fields(writer);
  writer.close(1, options);
  return writer.finish();
}

/** @param otherwise the field that says where to begin without a position: 2 the start, 3 the end */
function allFrom(writer: ProtoWriter, from: LogPosition | undefined, otherwise: 2 | 3): void {
  const all = writer.mark;
  if (from) {
    const at = writer.mark;
    writer.int64(2, from.prepare);
    writer.int64(1, from.commit);
    writer.close(1, at);
  } else {
    writer.empty(otherwise);
  }
  writer.close(2, all);
}

export function identifier(writer: ProtoWriter, field: number, streamName: string): void {
  const mark = writer.mark;
  writer.string(3, streamName);
  writer.close(field, mark);
}
