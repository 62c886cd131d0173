/** How far a database, the primary or a replica, shows each share of the builds that serve in it. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { comparePositions, type Progress } from '../../projections/ports/position-registry.js';

/** One share; no position before its first event. */
export interface LiveShare extends Omit<Progress, 'position'> {
  readonly position: LogPosition | undefined;
}

export interface ShareRow extends Omit<LiveShare, 'position'> {
  readonly commit: string;
  readonly prepare: string;
}

/** Gives a ShareRow for each. A few dozen rows, all in memory. */
export const LIVE_SHARES = `SELECT b.projection, b.id AS build, b.shards, c.shard, c.commit_position AS commit, c.prepare_position AS prepare
  FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id
  WHERE b.state = 'live'`;

export const liveShare = ({ commit, prepare, ...share }: ShareRow): LiveShare => ({
  ...share,
  position: positionOf(commit, prepare),
});

const positionOf = (commit: string, prepare: string): LogPosition | undefined =>
  commit === '-1' ? undefined : { commit: BigInt(commit), prepare: BigInt(prepare) };

/**
 * The share that keeps a replica from showing these projections up to a position, with how far it is; undefined when none does.
 * @param position undefined asks for what the primary shows, no more
 * @param primary what the primary showed, read after it had reached the position. A share stored further back there has passed
 * over the rest, which holds nothing for it, so that a replica that shows as much shows all there is
 */
export function missingShare(
  replica: readonly LiveShare[],
  projections: readonly string[],
  position: LogPosition | undefined,
  primary: readonly LiveShare[],
): { readonly projection: string; readonly at: LogPosition | undefined } | undefined {
  for (const projection of projections) {
    const shares = replica.filter((share) => share.projection === projection);
    if (shares.length === 0) return { projection, at: undefined };
    for (const share of shares) {
      const stored = primary.find(({ build, shard }) => build === share.build && shard === share.shard);
      const shows =
        (position && reaches(share.position, position)) || (stored !== undefined && reaches(share.position, stored.position)); // prettier-ignore
      if (!shows) return { projection, at: leastOf(shares) };
    }
  }
  return undefined;
}

const reaches = (at: LogPosition | undefined, goal: LogPosition | undefined): boolean =>
  !goal || (at !== undefined && comparePositions(at, goal) >= 0);

const leastOf = (shares: readonly LiveShare[]): LogPosition | undefined =>
  shares.map(({ position }) => position).reduce((a, b) => (a && b && comparePositions(a, b) > 0 ? b : a && b && a));
