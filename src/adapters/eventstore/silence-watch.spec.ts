import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NoAnswer } from './failures.js';
import { SilenceWatch } from './silence-watch.js';

/** Calls that never end by themselves, as a silent server leaves them. */
const never = (): Promise<never> => new Promise(() => undefined);

describe('silence watch', () => {
  it('hands on what a call gives, and how it fails', async () => {
    const watch = new SilenceWatch(1_000, 5_000);
    await expect(watch.over(Promise.resolve(7))).resolves.toBe(7);
    await expect(watch.over(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('ends a call when the server answers nothing at all', async () => {
    await expect(new SilenceWatch(300, 60_000).over(never())).rejects.toBeInstanceOf(NoAnswer);
  });

  it('waits on for one call while others are answered, up to its bound', async () => {
    const watch = new SilenceWatch(600, 2_000);
    const begunAt = performance.now();
    const answers = new AbortController();
    const others = (async () => {
      while (!answers.signal.aborted) await watch.over(delay(100));
    })();
    await expect(watch.over(never())).rejects.toBeInstanceOf(NoAnswer);
    answers.abort();
    await others;
    expect(performance.now() - begunAt).toBeGreaterThan(1_500);
  });

  it('does not count time in which this process stood still', async () => {
    const watch = new SilenceWatch(1_000, 60_000);
    // The answer comes after a standstill that is longer than the silence a server is allowed.
    const answer = watch.over(delay(400, 'late'));
    await delay(300);
    const until = performance.now() + 1_500;
    while (performance.now() < until);
    await expect(answer).resolves.toBe('late');
  });
});
