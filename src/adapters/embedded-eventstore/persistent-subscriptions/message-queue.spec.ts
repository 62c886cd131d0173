import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageQueue, type Offered } from './message-queue.js';
import { messageOf, type Message } from './message.js';

function message(sequence: number, parkedAt?: number): Message {
  const event = {
    position: sequence,
    stream: 's',
    revision: sequence,
    recordedAt: 0,
    id: `id-${sequence}-${parkedAt}`,
    type: 'test',
    isJson: true,
    data: Buffer.alloc(0),
    metadata: Buffer.alloc(0),
  };
  return messageOf({ event, link: undefined }, sequence, parkedAt);
}
function drained(queue: MessageQueue, answer: (message: Message) => Offered = () => 'taken'): Message[] {
  const offered: Message[] = [];
  queue.drain((next) => {
    offered.push(next);
    return answer(next);
  });
  return offered;
}

describe('messages that wait', () => {
  it('come in order: those to be tried again, lowest first, then replayed ones, then new ones', () => {
    const queue = new MessageQueue();
    for (const n of [10, 11]) queue.addFresh(message(n));
    for (const n of [3, 4]) queue.addReplayed(message(0, n));
    for (const n of [7, 5, 6]) queue.addRetry(message(n));
    queue.addRetry(message(0, 1));
    expect(drained(queue).map(({ sequence, parkedAt }) => parkedAt ?? sequence)).toEqual([5, 6, 7, 3, 4, 1, 10, 11]);
    expect([queue.freshCount, queue.retryCount]).toEqual([0, 0]);
  });

  it('stay in order, none lost and none twice, whatever is taken, kept, or finds no room', () => {
    const outcome = fc.constantFrom<Offered>('taken', 'taken', 'kept', 'full');
    fc.assert(
      fc.property(fc.array(fc.array(outcome, { maxLength: 12 })), (rounds) => {
        const queue = new MessageQueue();
        let next = 1;
        let waiting: number[] = [];
        for (const round of rounds) {
          for (let added = 0; added < 3; added++) {
            waiting.push(next);
            queue.addFresh(message(next++));
          }
          const answers = [...round];
          const taken: number[] = [];
          const expected: number[] = [];
          const model = [...round];
          for (const n of waiting) {
            const answer = model.shift() ?? 'full';
            if (answer === 'full') break;
            if (answer === 'taken') expected.push(n);
          }
          drained(queue, ({ sequence }) => {
            const answer = answers.shift() ?? 'full';
            if (answer === 'taken') taken.push(sequence);
            return answer;
          });
          expect(taken).toEqual(expected);
          waiting = waiting.filter((n) => !taken.includes(n));
        }
        expect(drained(queue).map(({ sequence }) => sequence)).toEqual(waiting);
      }),
    );
  });
});
