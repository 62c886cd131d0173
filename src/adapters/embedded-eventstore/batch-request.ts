/** A message of Streams.BatchAppend, as it was sent. Field numbers are those of streams.proto and shared.proto, version 24.10. */
import { ProtoReader } from '../protobuf/proto-reader.js';
import { uuidIn } from '../protobuf/uuid-message.js';
import type { SentEvent } from './requests.js';
import { EXPECT } from './stored-event.js';

export interface BatchOptions {
  /** UTF-8. */
  readonly streamName: Uint8Array;
  /** A revision or one of EXPECT; undefined when the client doesn't say. */
  readonly expected: number | undefined;
  /** Milliseconds since the Unix epoch; endless without one. */
  readonly deadline: number;
}

export interface BatchRequest {
  readonly correlationId: string;
  /** In the first message of an append. */
  readonly options: BatchOptions | undefined;
  readonly events: readonly SentEvent[];
  readonly isFinal: boolean;
}

const NO_BYTES = new Uint8Array(0);

export function decodeBatchRequest(bytes: Buffer): BatchRequest {
  let correlationId = '';
  let options: BatchOptions | undefined;
  const events: SentEvent[] = [];
  let isFinal = false;
  const request = new ProtoReader(bytes);
  for (let field = request.next(); field > 0; field = request.next()) {
    if (field === 1) correlationId = uuidIn(request.message());
    else if (field === 2) options = optionsIn(request.message());
    else if (field === 3) events.push(eventIn(request.message()));
    else if (field === 4) isFinal = request.uint() !== 0;
    else request.skip();
  }
  return { correlationId, options, events, isFinal };
}

function optionsIn(message: ProtoReader): BatchOptions {
  let streamName: Uint8Array = NO_BYTES;
  let expected: number | undefined;
  let deadline = Number.POSITIVE_INFINITY;
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) streamName = bytesIn(message.message(), 3);
    // Beyond 2^53 nothing exists, so the largest safe number stands for all of that.
    else if (field === 2) expected = Math.min(message.uint(), Number.MAX_SAFE_INTEGER);
    else if (field === 6) deadline = secondsIn(message.message());
    else if (field === 7) deadline = Date.now() + secondsIn(message.message());
    else {
      if (field === 3) expected = EXPECT.noStream;
      else if (field === 4) expected = EXPECT.any;
      else if (field === 5) expected = EXPECT.streamExists;
      message.skip();
    }
  }
  return { streamName, expected, deadline };
}

function eventIn(message: ProtoReader): SentEvent {
  let id = '';
  let type: string | undefined;
  let contentType: string | undefined;
  let data: Uint8Array = NO_BYTES;
  let metadata: Uint8Array = NO_BYTES;
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) {
      id = uuidIn(message.message());
    } else if (field === 2) {
      const [key, value] = entryIn(message.message());
      if (key === 'type') type = value;
      else if (key === 'content-type') contentType = value;
    } else if (field === 3) {
      metadata = message.slice();
    } else if (field === 4) {
      data = message.slice();
    } else {
      message.skip();
    }
  }
  return { id, type, contentType, data, metadata };
}

function entryIn(message: ProtoReader): readonly [key: string, value: string] {
  let key = '';
  let value = '';
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) key = message.string();
    else if (field === 2) value = message.string();
    else message.skip();
  }
  return [key, value];
}

/** A Timestamp or a Duration, in milliseconds. */
function secondsIn(message: ProtoReader): number {
  let milliseconds = 0;
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) milliseconds += Number(BigInt.asIntN(64, message.bigUint())) * 1_000;
    else if (field === 2) milliseconds += Number(BigInt.asIntN(64, message.bigUint())) / 1_000_000;
    else message.skip();
  }
  return milliseconds;
}

function bytesIn(message: ProtoReader, wanted: number): Uint8Array {
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === wanted) return message.slice();
    message.skip();
  }
  return NO_BYTES;
}
