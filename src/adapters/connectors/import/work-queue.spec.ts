import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WorkQueue } from './work-queue.js';

/** Work that ends when it is told to. */
function held(): { readonly work: () => Promise<void>; end(error?: Error): void; readonly hasBegun: () => boolean } {
  let begun = false;
  const ending = new EventEmitter();
  return {
    work: async () => {
      begun = true;
      const [error] = (await once(ending, 'end')) as (Error | undefined)[];
      if (error) throw error;
    },
    end: (error) => ending.emit('end', error),
    hasBegun: () => begun,
  };
}

/** Until everything that can happen without anybody's doing has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the work queue', () => {
  it('does work of different things side by side, that of one thing in order', async () => {
    const queue = new WorkQueue(10);
    const [first, second, other] = [held(), held(), held()];
    queue.start('a', first.work);
    queue.start('a', second.work);
    queue.start('b', other.work);
    await settled();
    expect([first.hasBegun(), second.hasBegun(), other.hasBegun()]).toEqual([true, false, true]);
    first.end();
    await settled();
    expect(second.hasBegun()).toBe(true);
  });

  it('has no room beyond its limit until something is done', async () => {
    const queue = new WorkQueue(2);
    const [first, second] = [held(), held()];
    queue.start('a', first.work);
    queue.start('b', second.work);
    let hasRoom = false;
    const room = queue.hasRoom().then(() => (hasRoom = true));
    await settled();
    expect(hasRoom).toBe(false);
    second.end();
    await room;
    expect(hasRoom).toBe(true);
  });

  it('is done when everything is', async () => {
    const queue = new WorkQueue(5);
    const work = [held(), held(), held()];
    for (const [index, one] of work.entries()) queue.start(String(index), one.work);
    let isDone = false;
    const done = queue.isDone().then(() => (isDone = true));
    for (const one of work) {
      await settled();
      expect(isDone).toBe(false);
      one.end();
    }
    await done;
  });

  it('throws the first failure to whoever waits, then and later', async () => {
    const queue = new WorkQueue(5);
    const [first, second] = [held(), held()];
    queue.start('a', first.work);
    queue.start('b', second.work);
    setImmediate(() => first.end(new Error('first')));
    await expect(queue.isDone()).rejects.toThrow('first');
    second.end(new Error('second'));
    await expect(queue.hasRoom()).rejects.toThrow('first');
  });
});
