/** Moving checkpoints: by compare-and-set on the old position, telling those who wait for it in the same transaction. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { WriteSession } from '../ports/write-database.port.js';
import { CheckpointLost } from './build-registry.js';

export interface Move {
  readonly buildId: string;
  readonly shard: number;
  /** Of the lease under which it is moved. */
  readonly epoch: bigint;
  readonly projection: string;
  /** How many shards the build has. */
  readonly shards: number;
  /** Only a build that serves is waited for. */
  readonly announce: boolean;
  readonly from: LogPosition | undefined;
  readonly to: LogPosition;
  /** Events applied on the way. */
  readonly events: number;
}

/** The channel on which positions of shares that serve are told, as JSON: [[projection, build, shards, shard, commit, prepare], …]. */
export const PROGRESS_CHANNEL = 'projection_positions';
/** Postgres takes less than 8,000 bytes for one notification; a share is told in under 200. */
const TOLD_TOGETHER = 40;

/**
 * Moves every one of these, or fails.
 * @param told further positions to tell, of builds for which the log had nothing: they are there without a row changing
 * @throws CheckpointLost
 */
export async function moveCheckpoints(
  session: WriteSession,
  moves: readonly Move[],
  told: readonly Move[] = [],
): Promise<void> {
  // By build, so that two workers that update the same rows take their locks in one order.
  const sorted = moves.toSorted((a, b) => Number(a.buildId) - Number(b.buildId) || a.shard - b.shard);
  const list = (of: (move: Move) => unknown): string => `{${sorted.map(of).join(',')}}`;
  const heard = [...moves, ...told].filter(({ announce }) => announce);
  const rows = await session.query({
    name: 'checkpoints:move',
    // The notification is sent by the commit, and only by it.
    text: `WITH moved AS (
        UPDATE control.checkpoints c
        SET commit_position = m.to_commit, prepare_position = m.to_prepare, events = c.events + m.events, updated_at = now()
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $8::int[], $9::bigint[])
          AS m(id, from_commit, from_prepare, to_commit, to_prepare, events, shard, epoch)
        WHERE c.build_id = m.id AND c.shard = m.shard AND c.epoch = m.epoch
          AND c.commit_position = m.from_commit AND c.prepare_position = m.from_prepare
        RETURNING c.build_id, c.shard),
      told AS (SELECT count(pg_notify('${PROGRESS_CHANNEL}', payload)) FROM unnest($7::text[]) AS payload)
      SELECT build_id, shard FROM moved, told`,
    values: [
      list(({ buildId }) => buildId),
      list(({ from }) => from?.commit ?? -1n),
      list(({ from }) => from?.prepare ?? -1n),
      list(({ to }) => to.commit),
      list(({ to }) => to.prepare),
      list(({ events }) => events),
      tellingOf(heard),
      list(({ shard }) => shard),
      list(({ epoch }) => epoch),
    ],
  });
  if (rows.length === moves.length) return;
  const moved = new Set(rows.map(([id, shard]) => `${id ?? ''}/${shard ?? ''}`));
  const lost = moves.find(({ buildId, shard }) => !moved.has(`${buildId}/${shard}`));
  throw new CheckpointLost(`somebody else moved the checkpoint of ${lost?.projection ?? 'a projection'}`);
}

function tellingOf(heard: readonly Move[]): string[] {
  const told = heard.map(({ projection, buildId, shards, shard, to }) => [projection, buildId, shards, shard, String(to.commit), String(to.prepare)]); // prettier-ignore
  const payloads: string[] = [];
  for (let i = 0; i < told.length; i += TOLD_TOGETHER) payloads.push(JSON.stringify(told.slice(i, i + TOLD_TOGETHER)));
  return payloads;
}
