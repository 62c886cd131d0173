import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { ArrivalQueue, type Arrival } from './arrival-queue.js';

const at = (n: number) => ({ commit: BigInt(n), prepare: BigInt(n) });
/** A stretch of events at these positions, each so large; it ends at the last, or further on. */
const stretch = (positions: readonly number[], bytes = 10, to = positions.at(-1) ?? 0): Arrival => ({
  events: positions.map((n) => ({ kind: 'event', event: { position: at(n) } as RecordedEvent, bytes })),
  to: at(to),
  caughtUp: false,
});
const nothing = (to: number, caughtUp = false): Arrival => ({ events: [], to: at(to), caughtUp });
const seen = (arrival: Arrival | undefined): readonly [number, string] | undefined =>
  arrival && [arrival.events.length, String(arrival.to?.commit)];

describe('the queue of what was read and not applied', () => {
  it('gives several stretches as one, up to the end of the last', () => {
    const queue = new ArrivalQueue();
    queue.push(stretch([1, 2]));
    queue.push(stretch([3], 10, 5));
    expect(seen(queue.take({ events: 10, bytes: 1_000 }))).toEqual([3, '5']);
    expect(queue.take({ events: 10, bytes: 1_000 })).toBeUndefined();
  });

  it('cuts a stretch at the limit of events, and then stands where the last one taken stands', () => {
    const queue = new ArrivalQueue();
    queue.push(stretch([1, 2, 3, 4, 5], 10, 9));
    expect(seen(queue.take({ events: 3, bytes: 1_000 }))).toEqual([3, '3']);
    expect(seen(queue.take({ events: 3, bytes: 1_000 }))).toEqual([2, '9']);
  });

  it('cuts at the limit of bytes, and gives one event however large', () => {
    const queue = new ArrivalQueue();
    queue.push(stretch([1, 2, 3], 600));
    queue.push(stretch([4], 5_000));
    expect(seen(queue.take({ events: 10, bytes: 1_300 }))).toEqual([2, '2']);
    expect(seen(queue.take({ events: 10, bytes: 1_300 }))).toEqual([1, '3']);
    expect(seen(queue.take({ events: 10, bytes: 1_300 }))).toEqual([1, '4']);
  });

  it('is full by bytes as well as by events, until enough was taken', () => {
    const queue = new ArrivalQueue();
    queue.push(stretch([1, 2], 5 * 2 ** 20));
    expect(queue.full).toBe(true);
    queue.take({ events: 1, bytes: 1 });
    expect(queue.full).toBe(false);
    queue.push(stretch(Array.from({ length: 2_048 }, (_, i) => i + 3)));
    expect(queue.full).toBe(true);
  });

  it('keeps nothing of what is not for this projection but how far it reaches', () => {
    const queue = new ArrivalQueue();
    queue.push(stretch([1]));
    queue.push(nothing(7));
    queue.push(nothing(9, true));
    const taken = queue.take({ events: 1, bytes: 1 });
    expect(seen(taken)).toEqual([1, '9']);
    expect(taken?.caughtUp).toBe(true);
    expect(queue.isEmpty).toBe(true);
  });

  it('tells that it has caught up only when all that came before was taken', () => {
    const queue = new ArrivalQueue();
    queue.push(stretch([1, 2]));
    queue.push(nothing(3, true));
    expect(queue.take({ events: 1, bytes: 100 })?.caughtUp).toBe(false);
    expect(queue.take({ events: 1, bytes: 100 })?.caughtUp).toBe(true);
  });
});
