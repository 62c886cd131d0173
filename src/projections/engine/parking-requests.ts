/**
 * What operators ask for events that are parked: to be tried again, or to be given up. Here the rows are only marked; the runner
 * that owns the share does it, because what is blocked is his to know.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { formatPosition, parsePosition } from '../../domain/shared/position.js';
import type { RequestOutcome } from '../ports/projection-control.port.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { asOperator } from './as-operator.js';
import { accepted, refused, type ControlRequest, type Outcome } from './control-requests.js';

/** Arguments: `at`, the position of one parked event as `commit/prepare`; all that are parked unless given. */
export const retryParked = async (session: WriteSession, request: ControlRequest): Promise<Outcome> =>
  mark(session, request, 'retry', undefined);

/** Arguments: `at` as above, which must be given, and `because`, why the event may be left out: kept with who and when. */
export async function discardParked(session: WriteSession, request: ControlRequest): Promise<Outcome> {
  const { at, because } = request.arguments;
  if (at === undefined) return refused('say which event is to be discarded: its position, as `parked list` shows it.');
  if (typeof because !== 'string' || because.trim() === '')
    return refused('say why the event is discarded: it is kept.');
  return mark(session, request, 'discard', because.slice(0, 1_000));
}

async function mark(
  session: WriteSession,
  { projection, requestedBy, arguments: given }: ControlRequest,
  asked: 'retry' | 'discard',
  because: string | undefined,
): Promise<Outcome> {
  const at = typeof given['at'] === 'string' ? parsePosition(given['at']) : undefined;
  if (given['at'] !== undefined && !at)
    return refused('that is no position: give it as `parked list` shows it, such as 120/120.');
  const rows = await session.query({
    text: `UPDATE control.parked p SET asked = $3, asked_by = $4, asked_because = $5
      FROM control.builds b
      WHERE b.id = p.build_id AND b.projection = $1 AND b.state = 'live' AND p.state = 'parked'
        AND ($2::bigint IS NULL OR (p.commit_position = $2 AND p.prepare_position = $6::bigint))
      RETURNING p.build_id, p.commit_position, p.prepare_position`,
    values: [
      projection,
      at ? String(at.commit) : null,
      asked,
      requestedBy,
      because ?? null,
      at ? String(at.prepare) : null,
    ],
  });
  if (rows.length === 0) {
    return refused(at ? `no event is parked at ${formatPosition(at)} of ${projection}; those behind one have their turn after it.` : `no event of ${projection} is parked.`); // prettier-ignore
  }
  const positions = rows.map(([, commit, prepare]) => `${commit ?? ''}/${prepare ?? ''}`);
  const events = rows.length === 1 ? '1 parked event' : `${rows.length} parked events`;
  const message = `${events} of ${projection} will be ${asked === 'retry' ? 'tried again' : 'discarded'}.`;
  return accepted(message, { build: rows[0]?.[0] ?? '', positions });
}

/** How it went with what was asked for. */
export interface Settled {
  /** `commit/prepare` of each. */
  readonly asked: readonly string[];
  /** Applied, or discarded. */
  readonly done: number;
  readonly failed: number;
  /** Not settled yet; more than were asked for where others have their turn behind them. */
  readonly pending: number;
}

const askedSchema = z.object({ build: z.string(), positions: z.array(z.string()) });
const POLL_MS = 100;

/** Waits until what these requests asked for is settled. @param outcome of one that was accepted @param mostMs what takes longer goes on unwatched */
export async function settled(
  database: Pick<WriteDatabase, 'transaction'>,
  outcome: RequestOutcome,
  mostMs: number,
): Promise<Settled> {
  const { build, positions } = askedSchema.parse(outcome);
  for (const until = performance.now() + mostMs; ; await delay(POLL_MS)) {
    const { pending, failed } = await askedOf(database, build, positions);
    if (pending > 0 && performance.now() < until) continue;
    const done = positions.length - failed - Math.min(pending, positions.length - failed);
    return { asked: positions, done, failed, pending };
  }
}

/** What is still under way of what was asked for, and what has failed again. */
export async function askedOf(
  database: Pick<WriteDatabase, 'transaction'>,
  build: string,
  positions: readonly string[],
): Promise<{ readonly pending: number; readonly failed: number }> {
  // What stood behind one that was applied is tried as well.
  const text = `SELECT count(*) FILTER (WHERE asked IS NOT NULL AND (these OR asked = 'trying')), count(*) FILTER (WHERE asked IS NULL AND these)
    FROM (SELECT asked, commit_position || '/' || prepare_position = ANY($2::text[]) AS these
      FROM control.parked WHERE build_id = $1 AND state <> 'discarded') open`;
  const values = [build, `{${positions.join(',')}}`];
  const [row] = await asOperator(database, async (session) => session.query({ text, values }));
  return { pending: Number(row?.[0]), failed: Number(row?.[1]) };
}
