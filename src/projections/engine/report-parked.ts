/** What serving builds have parked: how much, and which events. */
import { instantOf } from '../ports/instant-text.js';
import { parkedOrder, type ParkedEvent, type ParkedFilter } from '../ports/parked-event.js';
import type { TextRow, WriteDatabase } from '../ports/write-database.port.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { keysetSql, type PageRequest } from '../shared/keyset.js';
import { asOperator } from './as-operator.js';
import { schemaOf } from './build-registry.js';

/** Of each projection that has any: how many events its serving build has parked, with those that wait behind them. */
export async function countParked(database: Pick<WriteDatabase, 'transaction'>): Promise<ReadonlyMap<string, number>> {
  const text = `SELECT b.projection, count(*) FROM control.parked p JOIN control.builds b ON b.id = p.build_id
    WHERE b.state = 'live' AND p.state <> 'discarded' GROUP BY b.projection`;
  const rows = await asOperator(database, async (session) => session.query({ text }));
  return new Map(rows.map(([name, events]) => [name ?? '', Number(events)]));
}

/** One page in the order of `parkedOrder`, or against it. By the primary key. @param filter `at`: this one alone */
export async function parkedEvents(
  database: Pick<WriteDatabase, 'transaction'>,
  { projection, states, at }: ParkedFilter & { readonly at?: LogPosition | undefined },
  page: PageRequest,
): Promise<readonly ParkedEvent[]> {
  const keyset = keysetSql(parkedOrder, page, 5);
  const text = `SELECT b.projection, p.build_id, p.commit_position, p.prepare_position, p.state, p.event_type, p.event_id,
      p.stream_name, p.revision, p.row_key, p.workspace_id, p.reason, p.attempts, p.parked_at, p.last_failed_at, p.asked,
      p.discarded_at, CASE WHEN p.state = 'discarded' THEN p.asked_by END, CASE WHEN p.state = 'discarded' THEN p.asked_because END
    FROM control.parked p JOIN control.builds b ON b.id = p.build_id
    WHERE b.state = 'live' AND ($1::text IS NULL OR b.projection = $1) AND p.state = ANY($2::text[])
      AND ($3::bigint IS NULL OR (p.commit_position = $3 AND p.prepare_position = $4::bigint)) AND ${keyset.where}
    ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
  const place = at ? [String(at.commit), String(at.prepare)] : [null, null];
  const values = [projection ?? null, `{${states.join(',')}}`, ...place, ...keyset.parameters];
  return (await asOperator(database, async (session) => session.query({ text, values }))).map(parkedEventOf);
}

function parkedEventOf(row: TextRow): ParkedEvent {
  const [projection, build, commit, prepare, state, type, eventId, stream, revision, ...about] = row;
  const [rowKey, workspaceId, reason, attempts, parkedAt, lastFailedAt, asked, ...discarded] = about;
  const [discardedAt, discardedBy, because] = discarded;
  return {
    projection: projection ?? '',
    build: schemaOf(build ?? ''),
    commit: commit ?? '',
    prepare: prepare ?? '',
    state: state === 'behind' || state === 'discarded' ? state : 'parked',
    type: type ?? '',
    eventId: eventId ?? '',
    stream: stream ?? '',
    revision: Number(revision),
    rowKey: rowKey ?? null,
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
}
