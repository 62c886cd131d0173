import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatchAnswer, encodeAppend } from './append-wire.js';
import { allBackwards, allForwards, allSubscription, decodeReadAnswer, streamRead } from './read-wire.js';

/** What is encoded here is decoded by the classes that the client ships, and the other way round. */
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('an append on the wire', () => {
  const events = fc.array(fc.record({ id: fc.uuid(), type: text, data: text, metadata: text }), { maxLength: 5 });
  const expected = fc.oneof(fc.constant('no_stream' as const), fc.nat());

  it('says what is to be written, where, and by when', () => {
    fc.assert(
      fc.property(text, expected, events, fc.nat({ max: 4e12 }), (streamName, revision, proposed, deadline) => {
        const [message, ...more] = encodeAppend('id', { streamName, expected: revision, events: proposed, deadline });
        expect(more).toEqual([]);
        const request = streams.BatchAppendReq.deserializeBinary(message ?? Buffer.alloc(0));
        const options = request.getOptions();
        expect(request.getIsFinal()).toBe(true);
        expect(request.getCorrelationId()?.getString()).toBe('id');
        expect(utf8(options?.getStreamIdentifier()?.getStreamName_asU8())).toBe(streamName);
        expect(options?.getDeadline()?.toDate().getTime()).toBe(deadline);
        expect(options?.hasNoStream() ? 'no_stream' : Number(options?.getStreamPosition())).toBe(revision);
        const written = request.getProposedMessagesList().map((event) => ({
          id: event.getId()?.getString(),
          type: event.getMetadataMap().get('type'),
          data: utf8(event.getData_asU8()),
          metadata: utf8(event.getCustomMetadata_asU8()),
        }));
        expect(written).toEqual(proposed);
      }),
    );
  });

  it('comes in several messages when it is large, the last of them final', () => {
    const large = Array.from({ length: 5 }, (_, n) => ({ id: randomUUID(), type: 'x', data: `${n}${'ä'.repeat(800_000)}`, metadata: '{}' })); // prettier-ignore
    const messages = encodeAppend('id', { streamName: 's', expected: 3, events: large, deadline: 0 });
    const requests = messages.map((message) => streams.BatchAppendReq.deserializeBinary(message));
    expect(requests.length).toBeGreaterThan(1);
    expect(requests.map((request) => request.hasOptions())).toEqual(requests.map((_, index) => index === 0));
    expect(requests.map((request) => request.getIsFinal())).toEqual(requests.map((_, index) => index === requests.length - 1)); // prettier-ignore
    const ids = requests.flatMap((request) => request.getProposedMessagesList().map((event) => event.getId()?.getString())); // prettier-ignore
    expect(ids).toEqual(large.map(({ id }) => id));
  });

  it('is answered with where it was written, whichever way the server writes ids', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), fc.nat(), uint64, (id, structured, revision, position) => {
        const success = new streams.BatchAppendResp.Success();
        success.setCurrentRevision(String(revision));
        success.setPosition(positionMessage(new shared.AllStreamPosition(), position));
        const answer = new streams.BatchAppendResp();
        answer.setCorrelationId(uuidMessage(id, structured));
        answer.setSuccess(success);
        expect(decodeBatchAnswer(Buffer.from(answer.serializeBinary()))).toEqual({
          correlationId: id,
          outcome: { revision, position: { commit: position, prepare: position } },
        });
      }),
    );
  });
});

describe('a read on the wire', () => {
  it('asks for what is wanted', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.integer({ min: 1 }), (streamName, revision, count) => {
        const options = streams.ReadReq.deserializeBinary(streamRead(streamName, revision, count)).getOptions();
        expect(utf8(options?.getStream()?.getStreamIdentifier()?.getStreamName_asU8())).toBe(streamName);
        expect([options?.getStream()?.getRevision(), options?.getCount()]).toEqual([String(revision), String(count)]);
        expect([options?.hasNoFilter(), options?.getUuidOption()?.hasString()]).toEqual([true, true]);
      }),
    );
    fc.assert(
      fc.property(fc.option(uint64, { nil: undefined }), fc.array(text), (commit, prefixes) => {
        const from = commit === undefined ? undefined : { commit, prepare: commit };
        const forwards = streams.ReadReq.deserializeBinary(allForwards(from, 7)).getOptions();
        const backwards = streams.ReadReq.deserializeBinary(allBackwards(from, 7)).getOptions();
        const live = streams.ReadReq.deserializeBinary(allSubscription(from, { prefixes }, 1_000)).getOptions();
        for (const options of [forwards, backwards, live]) {
          expect(options?.getAll()?.getPosition()?.getCommitPosition()).toBe(from && String(from.commit));
        }
        expect([forwards?.getReadDirection(), backwards?.getReadDirection()]).toEqual([0, 1]);
        expect([forwards?.getAll()?.hasStart(), backwards?.getAll()?.hasEnd()]).toEqual([!from, !from]);
        expect([live?.hasSubscription(), live?.hasCount(), live?.getAll()?.hasStart()]).toEqual([true, false, !from]);
        const filter = live?.getFilter();
        expect(filter?.getEventType()?.getPrefixList()).toEqual(prefixes);
        expect([filter?.getMax(), filter?.getCheckpointintervalmultiplier()]).toEqual([1_000, 1]);
      }),
    );
  });

  it('is answered with events as they were written, by positions and revisions of any size', () => {
    fc.assert(
      fc.property(fc.uuid(), text, text, uint64, uint64, fc.uint8Array(), (id, stream, type, revision, at, data) => {
        const record = new streams.ReadResp.ReadEvent.RecordedEvent();
        record.setId(uuidMessage(id, false));
        const identifier = new shared.StreamIdentifier();
        identifier.setStreamName(Buffer.from(stream));
        record.setStreamIdentifier(identifier);
        record.setStreamRevision(String(revision));
        record.setCommitPosition(String(at));
        record.setPreparePosition(String(at));
        record.getMetadataMap().set('type', type).set('content-type', 'application/json').set('created', '17670000001234567'); // prettier-ignore
        record.setData(data);
        record.setCustomMetadata(data);
        const event = new streams.ReadResp.ReadEvent();
        event.setEvent(record);
        event.setCommitPosition('1');
        const answer = new streams.ReadResp();
        answer.setEvent(event);
        const decoded = decodeReadAnswer(Buffer.from(answer.serializeBinary()));
        expect(decoded).toMatchObject({
          kind: 'event',
          event: { id, streamName: stream, type, revision, created: '17670000001234567', isJson: true },
        });
        if (decoded.kind !== 'event') return;
        expect(decoded.event.position).toEqual({ commit: at, prepare: at });
        expect([...decoded.event.data, ...decoded.event.metadata]).toEqual([...data, ...data]);
      }),
    );
  });

  it('passes over what newer servers add', () => {
    const checkpoint = positionMessage(new streams.ReadResp.Checkpoint(), 5n);
    const answer = new streams.ReadResp();
    answer.setCheckpoint(checkpoint);
    const added = Buffer.from([0x4a, 1, 7, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5d, 1, 2, 3, 4]);
    expect(decodeReadAnswer(Buffer.concat([answer.serializeBinary(), added]))).toEqual({
      kind: 'checkpoint',
      position: { commit: 5n, prepare: 5n },
    });
    expect(decodeReadAnswer(added)).toEqual({ kind: 'other' });
    expect(() => decodeReadAnswer(Buffer.from([0x0a, 9, 1]))).toThrow(/longer than its message/);
  });
});

const utf8 = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

function positionMessage<
  Message extends { setCommitPosition(p: string): unknown; setPreparePosition(p: string): unknown },
>(message: Message, position: bigint): Message {
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  return message;
}

function uuidMessage(id: string, structured: boolean): shared.UUID {
  const message = new shared.UUID();
  if (!structured) {
    message.setString(id);
    return message;
  }
  const hex = id.replaceAll('-', '');
  const halves = new shared.UUID.Structured();
  halves.setMostSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`))));
  halves.setLeastSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`))));
  message.setStructured(halves);
  return message;
}
