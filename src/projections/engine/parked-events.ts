/**
 * The events that wait because a build could not apply them, in control.parked.
 *
 *   behind ──its turn came, and it failed──► parked ──retried, applied──► gone
 *      └── its turn came, and it was applied ──► gone      └── discarded by an operator: stays as a record
 *
 * Who asks for something (command line, API) marks rows through a request; the runner that owns the build does it.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { TextRow, WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import type { ShareId } from './build-registry.js';

/** An event that is held back, as it is written. */
export interface HeldEvent {
  readonly position: LogPosition;
  readonly eventId: string;
  readonly type: string;
  readonly streamName: string;
  readonly revision: number;
  /** Undefined when it is about no row, or none that could be found. */
  readonly rowKey: string | undefined;
  readonly workspaceId: string | undefined;
  /** Undefined when it was not tried, because an earlier one of its stream or row waits. */
  readonly failure: { readonly reason: string; readonly attempts: number } | undefined;
}

/** A row of control.parked that is not discarded. */
export interface OpenEvent extends HeldEvent {
  readonly asked: 'retry' | 'discard' | 'trying' | undefined;
}

export async function insertHeld(
  session: WriteSession,
  { buildId, shard }: ShareId,
  held: readonly HeldEvent[],
): Promise<void> {
  await session.query({
    name: 'parked:insert',
    // Those that are there were written with a commit whose answer was lost: the checkpoint, moved by it, is the one to say so.
    text: `INSERT INTO control.parked (build_id, shard, commit_position, prepare_position, event_id, event_type, stream_name, revision,
        row_key, workspace_id, state, reason, attempts, first_failed_at, last_failed_at)
      SELECT $1::bigint, $2::int, (e->>'commit')::bigint, (e->>'prepare')::bigint, e->>'id', e->>'type', e->>'stream', (e->>'revision')::bigint,
        e->>'key', (e->>'workspace')::uuid, CASE WHEN e->>'reason' IS NULL THEN 'behind' ELSE 'parked' END, e->>'reason',
        (e->>'attempts')::int, CASE WHEN e->>'reason' IS NOT NULL THEN now() END, CASE WHEN e->>'reason' IS NOT NULL THEN now() END
      FROM jsonb_array_elements($3::jsonb) AS e
      ON CONFLICT DO NOTHING`,
    values: [
      buildId,
      shard,
      JSON.stringify(
        held.map((event) => ({
          commit: String(event.position.commit),
          prepare: String(event.position.prepare),
          id: event.eventId,
          type: event.type,
          stream: event.streamName,
          revision: event.revision,
          key: event.rowKey ?? null,
          workspace: event.workspaceId ?? null,
          reason: event.failure?.reason ?? null,
          attempts: event.failure?.attempts ?? 0,
        })),
      ),
    ],
  });
}

/** All that wait, oldest first. */
export async function openEvents(
  database: Pick<WriteDatabase, 'query'>,
  { buildId, shard }: ShareId,
): Promise<readonly OpenEvent[]> {
  const rows = await database.query({
    name: 'parked:open',
    text: `SELECT commit_position, prepare_position, event_id, event_type, stream_name, revision, row_key, workspace_id, state, reason,
        attempts, asked
      FROM control.parked WHERE build_id = $1 AND shard = $2 AND state <> 'discarded'
      ORDER BY commit_position, prepare_position`,
    values: [buildId, shard],
  });
  return rows.map(openEventOf);
}

const openEventOf = ([
  commit,
  prepare,
  id,
  type,
  stream,
  revision,
  key,
  workspace,
  state,
  reason,
  attempts,
  asked,
]: TextRow): OpenEvent => ({
  position: { commit: BigInt(commit ?? 0), prepare: BigInt(prepare ?? 0) },
  eventId: id ?? '',
  type: type ?? '',
  streamName: stream ?? '',
  revision: Number(revision),
  rowKey: key ?? undefined,
  workspaceId: workspace ?? undefined,
  failure: state === 'parked' ? { reason: reason ?? '', attempts: Number(attempts) } : undefined,
  asked: asked === 'retry' || asked === 'discard' || asked === 'trying' ? asked : undefined,
});

export async function anyAsked(database: Pick<WriteDatabase, 'query'>, { buildId, shard }: ShareId): Promise<boolean> {
  const rows = await database.query({
    name: 'parked:asked',
    text: `SELECT FROM control.parked WHERE build_id = $1 AND shard = $2 AND state <> 'discarded' AND asked IS NOT NULL LIMIT 1`,
    values: [buildId, shard],
  });
  return rows.length > 0;
}

/** They were applied. */
export async function removeHeld(session: WriteSession, share: ShareId, events: readonly HeldEvent[]): Promise<void> {
  await session.query({
    name: 'parked:remove',
    text: `DELETE FROM control.parked p USING unnest($3::bigint[], $4::bigint[]) AS e(commit, prepare) WHERE ${THESE}`,
    values: [share.buildId, share.shard, ...placesOf(events)],
  });
}

/**
 * Counts an attempt at each before it is made, and takes back what was asked: an attempt that takes the process with it has
 * then happened, and is not made again until somebody asks.
 */
export async function beginAttempt(
  database: WriteDatabase,
  share: ShareId,
  events: readonly HeldEvent[],
): Promise<void> {
  await database.transaction(async (session) => {
    // The machine may go down with it.
    await session.query({ text: 'SET LOCAL synchronous_commit = on' });
    await session.query({
      text: `UPDATE control.parked p SET state = 'parked', attempts = p.attempts + 1, asked = 'trying', last_failed_at = now(),
          first_failed_at = coalesce(p.first_failed_at, now()), reason = coalesce(p.reason, $5)
        FROM unnest($3::bigint[], $4::bigint[]) AS e(commit, prepare) WHERE ${THESE}`,
      values: [share.buildId, share.shard, ...placesOf(events), 'the process ended while it was tried'],
    });
  });
}

/** The attempts are over. @param reason why the first of them failed; those are left as they were when there is none */
export async function endAttempt(
  database: Pick<WriteDatabase, 'query'>,
  share: ShareId,
  events: readonly HeldEvent[],
  reason?: string,
): Promise<void> {
  await database.query({
    text: `UPDATE control.parked p SET asked = NULL, asked_by = NULL, asked_because = NULL, reason = coalesce($5, p.reason)
      FROM unnest($3::bigint[], $4::bigint[]) AS e(commit, prepare) WHERE ${THESE}`,
    values: [share.buildId, share.shard, ...placesOf(events), reason ?? null],
  });
}

/** A runner that died while it tried some: nobody does any more. */
export async function forgetAttempts(
  database: Pick<WriteDatabase, 'query'>,
  { buildId, shard }: ShareId,
): Promise<void> {
  await database.query({
    text: `UPDATE control.parked SET asked = NULL WHERE build_id = $1 AND shard = $2 AND asked = 'trying'`,
    values: [buildId, shard],
  });
}

/** As asked: they stay as a record of who gave them up, when and why. */
export async function discardHeld(session: WriteSession, share: ShareId, events: readonly HeldEvent[]): Promise<void> {
  await session.query({
    text: `UPDATE control.parked p SET state = 'discarded', discarded_at = now(), asked = NULL
      FROM unnest($3::bigint[], $4::bigint[]) AS e(commit, prepare) WHERE ${THESE}`,
    values: [share.buildId, share.shard, ...placesOf(events)],
  });
}

const THESE = `p.build_id = $1 AND p.shard = $2 AND p.commit_position = e.commit AND p.prepare_position = e.prepare`;

const placesOf = (events: readonly HeldEvent[]): [string, string] => [
  `{${events.map(({ position }) => position.commit).join(',')}}`,
  `{${events.map(({ position }) => position.prepare).join(',')}}`,
];
