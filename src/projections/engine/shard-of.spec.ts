import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { shardOf, streamHash } from './shard-of.js';

describe('the shard of a stream', () => {
  it('is told by a hash that never changes: a stored checkpoint depends on it', () => {
    // From the test vectors of the authors.
    expect(['', 'a', 'foobar'].map(streamHash)).toEqual([0x81_1c_9d_c5, 0xe4_0c_29_2c, 0xbf_9c_f9_68]);
  });

  it('is the only one there is when there is one', () => {
    expect(shardOf(`task-${randomUUID()}`, 1)).toBe(0);
  });

  it.each([2, 3, 4, 8, 64])('spreads streams evenly over %i', (shards) => {
    const counts = Array.from({ length: shards }, () => 0);
    const streams = 1_000 * shards;
    for (let i = 0; i < streams; i++) counts[shardOf(`task-${randomUUID()}`, shards)]! += 1;
    // Six standard deviations: chance alone does not get there.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(6 * Math.sqrt(1_000));
  });
});
