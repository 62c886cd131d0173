import streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, it } from 'vitest';
import { keepProposedBytes } from './proposed-bytes.js';

const wire = (text: string): Buffer => {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setData(Buffer.from(text).toString('base64'));
  message.setCustomMetadata(Buffer.from(text).toString('base64'));
  return Buffer.from(message.serializeBinary());
};

describe('the bytes of a proposed event', () => {
  it('are on the wire as they were before, whatever is in them', () => {
    const texts = ['', 'a', 'ab', 'abc', '{"name":"Jürgen ÅÄÖ 漢字 🙂"}', 'x'.repeat(100_000)];
    const before = texts.map(wire);
    keepProposedBytes();
    keepProposedBytes();
    expect(texts.map(wire)).toEqual(before);
  });

  it('are held as bytes', () => {
    keepProposedBytes();
    const message = new streams.BatchAppendReq.ProposedMessage();
    message.setData(Buffer.from('{}').toString('base64'));
    expect(message.getData()).toBeInstanceOf(Uint8Array);
  });
});
