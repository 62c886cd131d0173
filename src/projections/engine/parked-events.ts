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
import { instantOf } from '../ports/instant-text.js';
import { schemaOf, type ShareId } from './build-registry.js';

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
    text: `INSERT INTO control.parked (build_id, shard, commit_position, prepare_position, event_id, event_type, stream_name, revision,
        row_key, workspace_id, state, reason, attempts, first_failed_at, last_failed_at)
      SELECT $1::bigint, $2::int, (e->>'commit')::bigint, (e->>'prepare')::bigint, e->>'id', e->>'type', e->>'stream', (e->>'revision')::bigint,
        e->>'key', (e->>'workspace')::uuid, CASE WHEN e->>'reason' IS NULL THEN 'behind' ELSE 'parked' END, e->>'reason',
        (e->>'attempts')::int, CASE WHEN e->>'reason' IS NOT NULL THEN now() END, CASE WHEN e->>'reason' IS NOT NULL THEN now() END
      FROM jsonb_array_elements($3::jsonb) AS e`,
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

/** Of each projection that has any: how many events its serving build has parked, with those that wait behind them. */
export async function countParked(database: Pick<WriteDatabase, 'query'>): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query({
    text: `SELECT b.projection, count(*) FROM control.parked p JOIN control.builds b ON b.id = p.build_id
      WHERE b.state = 'live' AND p.state <> 'discarded' GROUP BY b.projection`,
  });
  return new Map(rows.map(([name, events]) => [name ?? '', Number(events)]));
}

/** A parked event as operators see it. */
export interface ParkedReport {
  readonly projection: string;
  readonly build: string;
  /** `commit/prepare`: names the event in `retry` and `discard`. */
  readonly position: string;
  readonly state: 'parked' | 'behind' | 'discarded';
  readonly type: string;
  readonly eventId: string;
  readonly stream: string;
  readonly revision: number;
  readonly workspaceId: string | null;
  /** Null of one that has not been tried. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly parkedAt: string;
  readonly lastFailedAt: string | null;
  /** Somebody asked for it, and it is not done yet. */
  readonly asked: string | null;
  /** Of one that was discarded. */
  readonly discardedAt: string | null;
  readonly discardedBy: string | null;
  readonly because: string | null;
}

const MOST_REPORTED = 1_000;

/**
 * What serving builds have parked, by projection and position; at most a thousand.
 * @param filter all projections unless named; without those that wait behind one, and those discarded, unless `all`
 */
export async function reportParked(
  database: Pick<WriteDatabase, 'query'>,
  filter: { readonly projection?: string | undefined; readonly at?: LogPosition | undefined; readonly all: boolean },
): Promise<readonly ParkedReport[]> {
  const rows = await database.query({
    text: `SELECT b.projection, p.build_id, p.commit_position || '/' || p.prepare_position, p.state, p.event_type, p.event_id, p.stream_name,
        p.revision, p.workspace_id, p.reason, p.attempts, p.parked_at, p.last_failed_at, p.asked, p.discarded_at,
        CASE WHEN p.state = 'discarded' THEN p.asked_by END, CASE WHEN p.state = 'discarded' THEN p.asked_because END
      FROM control.parked p JOIN control.builds b ON b.id = p.build_id
      WHERE b.state = 'live' AND ($1::text IS NULL OR b.projection = $1) AND ($2::boolean OR p.state = 'parked')
        AND ($3::bigint IS NULL OR (p.commit_position = $3 AND p.prepare_position = $4::bigint))
      ORDER BY b.projection, p.commit_position, p.prepare_position LIMIT ${MOST_REPORTED}`,
    values: [
      filter.projection ?? null,
      filter.all,
      filter.at ? String(filter.at.commit) : null,
      filter.at ? String(filter.at.prepare) : null,
    ],
  });
  return rows.map((row) => {
    const [
      projection,
      build,
      position,
      state,
      type,
      eventId,
      stream,
      revision,
      workspaceId,
      reason,
      attempts,
      ...rest
    ] = row;
    const [parkedAt, lastFailedAt, asked, discardedAt, discardedBy, because] = rest;
    return {
      projection: projection ?? '',
      build: schemaOf(build ?? ''),
      position: position ?? '',
      state: state === 'behind' || state === 'discarded' ? state : 'parked',
      type: type ?? '',
      eventId: eventId ?? '',
      stream: stream ?? '',
      revision: Number(revision),
      workspaceId: workspaceId ?? null,
      reason: reason ?? null,
      attempts: Number(attempts),
      parkedAt: instantOf(parkedAt ?? ''),
      lastFailedAt: lastFailedAt ? instantOf(lastFailedAt) : null,
      asked: asked ?? null,
      discardedAt: discardedAt ? instantOf(discardedAt) : null,
      discardedBy: discardedBy ?? null,
      because: because ?? null,
    };
  });
}
