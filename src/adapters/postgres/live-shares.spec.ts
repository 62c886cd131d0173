import { describe, expect, it } from 'vitest';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { liveShare, missingShare, type LiveShare } from './live-shares.js';

const at = (n: number): LogPosition => ({ commit: BigInt(n), prepare: BigInt(n) });
/** The shares of a build, each as far as it says; -1 is before the first event. */
const build = (projection: string, id: string, ...positions: readonly number[]): LiveShare[] =>
  positions.map((n, shard) =>
    liveShare({ projection, build: id, shards: positions.length, shard, commit: String(n), prepare: String(n) }),
  );

describe('a replica shows projections up to a position', () => {
  it('when every share of each is there', () => {
    const replica = [...build('tasks', '1', 7, 9), ...build('labels', '2', 8)];
    expect(missingShare(replica, ['tasks', 'labels'], at(7), [])).toBeUndefined();
    expect(missingShare(replica, ['tasks', 'labels'], at(8), [])).toEqual({ projection: 'tasks', at: at(7) });
    expect(missingShare(replica, ['labels'], at(8), [])).toBeUndefined();
  });

  it('when a share that is not there has passed over the rest on the primary', () => {
    const replica = build('tasks', '1', 7, 9);
    expect(missingShare(replica, ['tasks'], at(9), build('tasks', '1', 7, 9))).toBeUndefined();
    expect(missingShare(replica, ['tasks'], at(9), build('tasks', '1', 8, 9))).toEqual({
      projection: 'tasks',
      at: at(7),
    });
    // Nothing of the log was for it so far.
    expect(missingShare(build('tasks', '1', -1), ['tasks'], at(9), build('tasks', '1', -1))).toBeUndefined();
    expect(missingShare(build('tasks', '1', -1), ['tasks'], at(9), build('tasks', '1', 0))).toEqual({
      projection: 'tasks',
      at: undefined,
    });
  });

  it('whichever build serves there, and not by what another build has passed over', () => {
    expect(missingShare(build('tasks', '1', 9), ['tasks'], at(9), build('tasks', '2', 12))).toBeUndefined();
    expect(missingShare(build('tasks', '1', 8), ['tasks'], at(9), build('tasks', '2', 3))).toEqual({
      projection: 'tasks',
      at: at(8),
    });
  });

  it('only when it has a build of it at all', () => {
    expect(missingShare([], ['tasks'], at(1), build('tasks', '1', 1))).toEqual({ projection: 'tasks', at: undefined });
    expect(missingShare([], [], undefined, [])).toBeUndefined();
  });
});
