/** Moving checkpoints: by compare-and-set on the old position, telling those who wait for it in the same transaction. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { CheckpointLost } from './build-registry.js';

export interface Move {
  readonly buildId: string;
  readonly projection: string;
  /** Only a build that serves is waited for. */
  readonly announce: boolean;
  readonly from: LogPosition | undefined;
  readonly to: LogPosition;
  /** Events applied on the way. */
  readonly events: number;
}

/** The channel on which positions are told, as JSON: [[projection, commit, prepare], …]. */
export const PROGRESS_CHANNEL = 'projection_progress';

/** Moves every one of these, or fails. @throws CheckpointLost */
export async function moveCheckpoints(session: WriteSession, moves: readonly Move[]): Promise<void> {
  const moved = await tryMoveCheckpoints(session, moves);
  if (moved.size === moves.length) return;
  const lost = moves.find(({ buildId }) => !moved.has(buildId));
  throw new CheckpointLost(`somebody else moved the checkpoint of ${lost?.projection ?? 'a projection'}`);
}

async function tryMoveCheckpoints(session: WriteSession, moves: readonly Move[]): Promise<ReadonlySet<string>> {
  const list = (of: (move: Move) => unknown): string => `{${moves.map(of).join(',')}}`;
  const rows = await session.query({
    name: 'checkpoints:move',
    // The notification is sent by the commit, and only by it.
    text: `WITH moved AS (
        UPDATE control.checkpoints c
        SET commit_position = m.to_commit, prepare_position = m.to_prepare, events = c.events + m.events, updated_at = now()
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
          AS m(id, from_commit, from_prepare, to_commit, to_prepare, events, name)
        WHERE c.build_id = m.id AND c.commit_position = m.from_commit AND c.prepare_position = m.from_prepare
        RETURNING c.build_id, m.name, m.to_commit::text AS commit, m.to_prepare::text AS prepare),
      told AS (
        SELECT pg_notify('${PROGRESS_CHANNEL}', json_agg(json_build_array(name, commit, prepare))::text)
        FROM moved WHERE name <> '' HAVING count(*) > 0)
      SELECT build_id FROM moved LEFT JOIN told ON true`,
    values: [
      list(({ buildId }) => buildId),
      list(({ from }) => from?.commit ?? -1n),
      list(({ from }) => from?.prepare ?? -1n),
      list(({ to }) => to.commit),
      list(({ to }) => to.prepare),
      list(({ events }) => events),
      list(({ announce, projection }) => (announce ? `"${projection}"` : '""')),
    ],
  });
  return new Set(rows.map(([id]) => id ?? ''));
}

/** How long moves without rows are gathered: a dozen projections of which nobody wrote anything cost one statement, not a dozen. */
const GATHER_MS = 4;

/** Moves checkpoints of builds for which the log had nothing, many at once. */
export class CheckpointAdvancer {
  #waiting: { move: Move; settle: (outcome: Error | undefined) => void }[] = [];

  constructor(private readonly database: WriteDatabase) {}

  /** @throws CheckpointLost */
  async advance(move: Move): Promise<void> {
    const outcome = await new Promise<Error | undefined>((settle) => {
      this.#waiting.push({ move, settle });
      // The first one starts the clock; the flush takes all of them.
      if (this.#waiting.length === 1) setTimeout(() => void this.#flush(), GATHER_MS);
    });
    if (outcome) throw outcome;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    // By build, so that two workers that update the same rows take their locks in one order.
    waiting.sort((a, b) => Number(a.move.buildId) - Number(b.move.buildId));
    try {
      const moves = waiting.map(({ move }) => move);
      const moved = await this.database.transaction(async (session) => tryMoveCheckpoints(session, moves));
      for (const { move, settle } of waiting) {
        settle(moved.has(move.buildId) ? undefined : new CheckpointLost(`somebody else moved the checkpoint of ${move.projection}`)); // prettier-ignore
      }
    } catch (error) {
      for (const { settle } of waiting) settle(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
