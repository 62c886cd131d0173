import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { describe, expect, it } from 'vitest';
import { decodeBatchRequest } from './batch-request.js';
import { EXPECT } from './stored-event.js';

const ID = 'fedcba98-7654-3210-0123-456789abcdef';
const EVENT = '0190f6f0-0000-7000-8000-000000000001';

function request(set: (options: streams.BatchAppendReq.Options) => void): streams.BatchAppendReq {
  const correlationId = new shared.UUID();
  correlationId.setString(ID);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from('größe-1'));
  const options = new streams.BatchAppendReq.Options();
  options.setStreamIdentifier(identifier);
  set(options);
  const eventId = new shared.UUID();
  eventId.setString(EVENT);
  const event = new streams.BatchAppendReq.ProposedMessage();
  event.setId(eventId);
  event.getMetadataMap().set('type', 'a.B').set('content-type', 'application/json').set('other', 'x');
  event.setData(Buffer.from('{}'));
  event.setCustomMetadata(Buffer.from('{"a":1}'));
  const message = new streams.BatchAppendReq();
  message.setCorrelationId(correlationId);
  message.setOptions(options);
  message.setProposedMessagesList([event]);
  message.setIsFinal(true);
  return message;
}
const expected = (set: (options: streams.BatchAppendReq.Options) => void) => decode(request(set)).options?.expected;
const decode = (message: streams.BatchAppendReq, added: readonly number[] = []) =>
  decodeBatchRequest(Buffer.concat([message.serializeBinary(), Buffer.from(added)]));

describe('a message of a batch append', () => {
  it('is read as the client’s own classes write it', () => {
    const decoded = decode(
      request((options) => {
        options.setStreamPosition('7');
        options.setDeadline(timestamp.Timestamp.fromDate(new Date('2026-03-01T09:00:00.250Z')));
      }),
    );
    expect(decoded).toMatchObject({
      correlationId: ID,
      isFinal: true,
      options: { expected: 7, deadline: Date.parse('2026-03-01T09:00:00.250Z') },
      events: [{ id: EVENT, type: 'a.B', contentType: 'application/json' }],
    });
    expect(Buffer.from(decoded.options?.streamName ?? []).toString('utf8')).toBe('größe-1');
    expect(Buffer.from(decoded.events[0]?.data ?? []).toString()).toBe('{}');
    expect(Buffer.from(decoded.events[0]?.metadata ?? []).toString()).toBe('{"a":1}');
  });

  it('knows every expectation, and none', () => {
    const empty = new shared.Empty();
    expect(expected((options) => options.setNoStream(empty as never))).toBe(EXPECT.noStream);
    expect(expected((options) => options.setAny(empty as never))).toBe(EXPECT.any);
    expect(expected((options) => options.setStreamExists(empty as never))).toBe(EXPECT.streamExists);
    expect(expected((options) => options.setStreamPosition('0'))).toBe(0);
    expect(expected((options) => options.setStreamPosition('18446744073709551615'))).toBe(Number.MAX_SAFE_INTEGER);
    expect(expected(() => undefined)).toBeUndefined();
  });

  it('may give its time as a duration, which the client’s classes do not know', () => {
    // Options once more, and the last ones count: nothing but field 7, of 1 s and 500 ms.
    const duration = [0x12, 0x0a, 0x3a, 0x08, 0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 1];
    const before = Date.now();
    const { options } = decode(
      request(() => undefined),
      duration,
    );
    expect((options?.deadline ?? 0) - before).toBeGreaterThanOrEqual(1_500);
    expect((options?.deadline ?? 0) - before).toBeLessThan(60_000);
    expect(decode(request(() => undefined)).options?.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('may write ids as two numbers', () => {
    const halves = new shared.UUID.Structured();
    halves.setMostSignificantBits(String(BigInt.asIntN(64, 0xfedcba9876543210n)));
    halves.setLeastSignificantBits(String(0x0123456789abcdefn));
    const id = new shared.UUID();
    id.setStructured(halves);
    const message = request((options) => options.setStreamPosition('0'));
    message.setCorrelationId(id);
    expect(decode(message).correlationId).toBe(ID);
  });
});
