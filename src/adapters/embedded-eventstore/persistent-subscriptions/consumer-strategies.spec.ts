import { describe, expect, it } from 'vitest';
import { consumerStrategy } from './consumer-strategies.js';
import { Consumer } from './consumer.js';
import { messageOf, type Message } from './message.js';

let sequence = 0;
function message(stream: string, metadata = '', link?: string): Message {
  const event = {
    position: ++sequence,
    stream,
    revision: 0,
    recordedAt: 0,
    id: `id-${sequence}`,
    type: link === undefined ? 'test' : '$>',
    isJson: true,
    data: Buffer.from(link ?? '{}'),
    metadata: Buffer.from(metadata),
  };
  return messageOf({ event, link: undefined }, sequence);
}
function consumer(bufferSize: number): Consumer {
  const facts = { from: '', username: '', connectionName: '', bufferSize };
  return new Consumer(facts, { send: () => true, drop: () => undefined }, false);
}
const correlated = (stream: string, id: string) => message(stream, JSON.stringify({ $correlationId: id }));
const streams = Array.from({ length: 50 }, (_, n) => `stream-${n}`);

describe('pinned to streams', () => {
  it('keeps a stream with its consumer, and spreads streams evenly', () => {
    const strategy = consumerStrategy('Pinned');
    const consumers = [consumer(100), consumer(100)];
    for (const one of consumers) strategy.added(one);
    const chosen = streams.map((stream) => strategy.choose(message(stream)));
    expect(streams.map((stream) => strategy.choose(message(stream)))).toEqual(chosen);
    expect(chosen.filter((one) => one === consumers[0]).length).toBeGreaterThan(15);
    expect(chosen.filter((one) => one === consumers[1]).length).toBeGreaterThan(15);
  });

  it('lets the messages of others pass when a consumer has no room, and stops when nobody has', () => {
    const strategy = consumerStrategy('Pinned');
    const [one, two] = [consumer(1), consumer(1)];
    strategy.added(one);
    strategy.added(two);
    const owner = strategy.choose(message('a'));
    expect(owner).toBeInstanceOf(Consumer);
    if (!(owner instanceof Consumer)) return;
    owner.started('x', 0);
    expect(strategy.choose(message('a'))).toBe('later');
    (owner === one ? two : one).started('y', 0);
    expect(strategy.choose(message('a'))).toBe('full');
  });

  it('gives a new consumer its share, and those of one that leaves to the others', () => {
    const strategy = consumerStrategy('Pinned');
    const [one, two] = [consumer(100), consumer(100)];
    strategy.added(one);
    for (const stream of streams) strategy.choose(message(stream));
    strategy.added(two);
    const mine = streams.filter((stream) => strategy.choose(message(stream)) === two);
    expect(mine.length).toBeGreaterThan(15);
    expect(mine.length).toBeLessThan(35);
    strategy.removed(one);
    for (const stream of streams) expect(strategy.choose(message(stream))).toBe(two);
  });

  it('pins a link that is not resolved to the stream it points to', () => {
    const strategy = consumerStrategy('Pinned');
    for (let n = 0; n < 8; n++) strategy.added(consumer(100));
    for (const stream of streams) {
      expect(strategy.choose(message('$ce-x', '', `3@${stream}`))).toBe(strategy.choose(message(stream)));
    }
  });
});

describe('pinned by correlation', () => {
  it('keeps what belongs together with one consumer, whatever the streams', () => {
    const strategy = consumerStrategy('PinnedByCorrelation');
    for (let n = 0; n < 8; n++) strategy.added(consumer(100));
    for (const id of streams) expect(strategy.choose(correlated('a', id))).toBe(strategy.choose(correlated('b', id)));
    const chosen = new Set(streams.map((id) => strategy.choose(correlated('a', id))));
    expect(chosen.size).toBeGreaterThan(4);
  });

  it('goes by the stream where there is no correlation id', () => {
    const strategy = consumerStrategy('PinnedByCorrelation');
    for (let n = 0; n < 8; n++) strategy.added(consumer(100));
    for (const metadata of ['', 'no json', '{"$correlationId":7}', 'null']) {
      expect(strategy.choose(message('a', metadata))).toBe(strategy.choose(message('a')));
    }
  });
});
