/** Searching the event index: what happened to a thing, by whom, of which type, when. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { typesOfCategory } from './event-categories.js';
import { keysetOrder, keysetSql, type KeysetOrder, type PageRequest } from '../shared/keyset.js';

export interface EventIndexRecord {
  /** The two halves of the log position. */
  readonly commit: string;
  readonly prepare: string;
  readonly id: string;
  readonly type: string;
  readonly category: string;
  readonly thingId: string;
  readonly revision: number;
  readonly actorKind: string;
  readonly actorId: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly occurredAt: string | Date;
  readonly recordedAt: string | Date;
}

/** All that is given must hold. Times: from inclusive, until exclusive. */
export interface EventFilter {
  /** The id of a task, a sale, an attendance day … */
  readonly thingId?: string | null | undefined;
  /** The kind of thing: `task`, `sale`. */
  readonly category?: string | null | undefined;
  readonly types?: readonly string[] | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly correlationId?: string | null | undefined;
  /** The command, event or run that led to it. */
  readonly causationId?: string | null | undefined;
  readonly recordedFrom?: string | null | undefined;
  readonly recordedUntil?: string | null | undefined;
  readonly occurredFrom?: string | null | undefined;
  readonly occurredUntil?: string | null | undefined;
}

const order = (name: string, direction: 'asc' | 'desc'): KeysetOrder =>
  keysetOrder(name, [{ sql: 'position', field: 'commit', type: 'bigint', direction }]);

export const newestFirst = order('eventHistoryNewest', 'desc');
export const oldestFirst = order('eventHistoryOldest', 'asc');

const SELECT = `SELECT position::text AS commit, prepare::text AS prepare, event_id AS id, type, category,
  thing_id AS "thingId", revision, actor_kind AS "actorKind", actor_id AS "actorId", command_id AS "commandId",
  correlation_id AS "correlationId", causation_id AS "causationId", occurred_at AS "occurredAt",
  recorded_at AS "recordedAt" FROM read.event_index`;

/** The condition of each filter; `$` stands for the parameter. Only those given go into the SQL, so that an index fits each. */
const CONDITIONS: readonly { readonly filter: keyof EventFilter; readonly sql: string }[] = [
  { filter: 'thingId', sql: 'thing_id = $::uuid' },
  { filter: 'category', sql: 'category = $::text' },
  { filter: 'types', sql: 'type = ANY($::text[])' },
  { filter: 'actorId', sql: 'actor_id = $::text' },
  { filter: 'correlationId', sql: 'correlation_id = $::uuid' },
  { filter: 'causationId', sql: 'causation_id = $::uuid' },
  { filter: 'recordedFrom', sql: 'recorded_at >= $::timestamptz' },
  { filter: 'recordedUntil', sql: 'recorded_at < $::timestamptz' },
  { filter: 'occurredFrom', sql: 'occurred_at >= $::timestamptz' },
  { filter: 'occurredUntil', sql: 'occurred_at < $::timestamptz' },
];

@Injectable()
export class EventIndexQueries {
  constructor(private readonly database: ReadDatabase) {}

  /**
   * One page in the log's order or against it.
   * @param upTo the first half of a position: what was recorded behind it is not there
   */
  page(
    workspaceId: string,
    filter: EventFilter,
    by: typeof newestFirst,
    page: PageRequest,
    upTo?: string,
  ): Promise<EventIndexRecord[]> {
    const found = search(workspaceId, filter, upTo);
    const keyset = keysetSql(by, page, found.parameters.length + 1);
    const sql = found.sql(SELECT, keyset.where, keyset.orderBy, keyset.limit);
    return this.database.query(workspaceId, sql, [...found.parameters, ...keyset.parameters]);
  }

  /** How many a filter finds, up to and with `most`. */
  async count(workspaceId: string, filter: EventFilter, upTo: string, most: number): Promise<number> {
    const found = search(workspaceId, filter, upTo);
    const rows = found.sql('SELECT position::text AS commit FROM read.event_index', 'true', 'position DESC', most);
    const sql = `SELECT count(*)::text AS count FROM (${rows}) found`;
    const [row] = await this.database.query<{ readonly count: string }>(workspaceId, sql, found.parameters);
    return Number(row?.count ?? 0);
  }

  /** The last event that the index has. By primary key. */
  async last(workspaceId: string): Promise<EventIndexRecord | undefined> {
    const sql = `${SELECT} WHERE workspace_id = $1 ORDER BY position DESC LIMIT 1`;
    return (await this.database.query<EventIndexRecord>(workspaceId, sql, [workspaceId]))[0];
  }

  /** The latest event recorded before an instant. By (workspace_id, recorded_at, position). */
  async lastRecordedBefore(workspaceId: string, instant: string): Promise<EventIndexRecord | undefined> {
    const sql = `${SELECT} WHERE workspace_id = $1 AND recorded_at < $2::timestamptz
      ORDER BY recorded_at DESC, position DESC LIMIT 1`;
    return (await this.database.query<EventIndexRecord>(workspaceId, sql, [workspaceId, instant]))[0];
  }

  /** In any order. By (event_id). */
  byIds(workspaceId: string, ids: readonly string[]): Promise<EventIndexRecord[]> {
    return this.database.query(workspaceId, `${SELECT} WHERE workspace_id = $1 AND event_id = ANY($2::uuid[])`, [
      workspaceId,
      ids,
    ]);
  }

  /** The first event of a thing. By (workspace_id, thing_id, position). */
  async firstOf(workspaceId: string, thingId: string): Promise<EventIndexRecord | undefined> {
    const sql = `${SELECT} WHERE workspace_id = $1 AND thing_id = $2::uuid ORDER BY position LIMIT 1`;
    return (await this.database.query<EventIndexRecord>(workspaceId, sql, [workspaceId, thingId]))[0];
  }

  /** What these commands, events or runs led to directly, at most `limit` of each, oldest first. By (workspace_id, causation_id, position). */
  causedBy(workspaceId: string, causes: readonly string[], limit: number): Promise<EventIndexRecord[]> {
    // Each cause by its own stretch of the index: an import has led to half a million events.
    const sql = `SELECT e.* FROM unnest($2::uuid[]) AS wanted (cause)
      CROSS JOIN LATERAL (${SELECT} WHERE workspace_id = $1 AND causation_id = wanted.cause
        ORDER BY position LIMIT $3) e
      ORDER BY e.commit::bigint LIMIT $3`;
    return this.database.query(workspaceId, sql, [workspaceId, causes, limit]);
  }

  /** In any order. By primary key. @param positions the first halves */
  byPositions(workspaceId: string, positions: readonly string[]): Promise<EventIndexRecord[]> {
    return this.database.query(workspaceId, `${SELECT} WHERE workspace_id = $1 AND position = ANY($2::bigint[])`, [
      workspaceId,
      positions,
    ]);
  }

  /**
   * The events after a position, oldest first: what a subscription that comes back has missed.
   * @param afterCommit the first half of the last position seen
   * @param limit at most so many; as many as that means there may be more
   */
  after(workspaceId: string, filter: EventFilter, afterCommit: bigint, limit: number): Promise<EventIndexRecord[]> {
    const { types, ...others } = filter;
    if (types && Object.values(others).every((value) => value == null))
      return this.afterOfTypes(workspaceId, types, afterCommit, limit);
    const { conditions, parameters } = where(workspaceId, filter);
    const next = parameters.length + 1;
    const sql = `${SELECT} WHERE ${conditions.join(' AND ')} AND position > $${next}::bigint
      ORDER BY position LIMIT $${next + 1}`;
    return this.database.query(workspaceId, sql, [...parameters, afterCommit.toString(), limit]);
  }

  private afterOfTypes(
    workspaceId: string,
    types: readonly string[],
    afterCommit: bigint,
    limit: number,
  ): Promise<EventIndexRecord[]> {
    // Each type by its own stretch of (workspace_id, type, position), so that rare types are found among millions of others.
    const sql = `SELECT e.* FROM unnest($2::text[]) AS wanted (type)
      CROSS JOIN LATERAL (${SELECT} WHERE workspace_id = $1 AND type = wanted.type AND position > $3::bigint
        ORDER BY position LIMIT $4) e
      ORDER BY e.commit::bigint LIMIT $4`;
    return this.database.query(workspaceId, sql, [workspaceId, types, afterCommit.toString(), limit]);
  }
}

/** A search as SQL: the parameters that stand first, and the statement around what the caller selects, in which order. */
interface Search {
  readonly parameters: readonly unknown[];
  sql(select: string, condition: string, orderBy: string, limit: number): string;
}

function search(workspaceId: string, filter: EventFilter, upTo?: string): Search {
  const types = typesIn(filter);
  // One thing, request or cause is found by its own index, and has few events; the types are then looked at one by one.
  const hasFew = filter.thingId != null || filter.correlationId != null || filter.causationId != null;
  const isByType = types !== undefined && !hasFew;
  const { conditions, parameters } = where(workspaceId, isByType ? { ...filter, category: null, types: null } : filter);
  conditions.push(...recordedBounds(filter, parameters));
  if (upTo !== undefined) conditions.push(`position <= $${parameters.push(upTo)}::bigint`);
  if (!isByType) {
    const sql: Search['sql'] = (select, condition, orderBy, limit) =>
      `${select} WHERE ${conditions.join(' AND ')} AND ${condition} ORDER BY ${orderBy} LIMIT ${limit}`;
    return { parameters, sql };
  }
  // Each type by its own stretch of (workspace_id, type, position): rare types are found among millions of others, and of
  // frequent ones no more is read than the page shows.
  const wanted = `unnest($${parameters.push(types)}::text[]) AS wanted (type)`;
  const sql: Search['sql'] = (select, condition, orderBy, limit) =>
    `SELECT e.* FROM ${wanted} CROSS JOIN LATERAL (
       ${select} WHERE ${conditions.join(' AND ')} AND type = wanted.type AND ${condition} ORDER BY ${orderBy} LIMIT ${limit}) e
     ORDER BY ${orderBy.replace('position', 'e.commit::bigint')} LIMIT ${limit}`;
  return { parameters, sql };
}

/** The types that a filter leaves; undefined when any will do. */
function typesIn({ types, category }: EventFilter): readonly string[] | undefined {
  if (category == null) return types ?? undefined;
  const ofCategory = typesOfCategory(category);
  return types ? ofCategory.filter((type) => types.includes(type)) : ofCategory;
}

/**
 * Recorded times grow with the log, but for a server's clock that is put back, or another server that takes over. So a span of
 * time is a span of the log, with an hour around it: found by (workspace_id, recorded_at, position), and read in order.
 */
function recordedBounds({ recordedFrom, recordedUntil }: EventFilter, parameters: unknown[]): string[] {
  const bounds: string[] = [];
  const edge = (instant: string, operator: string, direction: string): string =>
    `(SELECT position FROM read.event_index WHERE workspace_id = $1 AND recorded_at ${operator} $${parameters.push(instant)}::timestamptz
       ORDER BY recorded_at ${direction}, position ${direction} LIMIT 1)`;
  if (recordedFrom != null) bounds.push(`position >= ${edge(shifted(recordedFrom, -HOUR_MS), '>=', 'ASC')}`);
  if (recordedUntil != null) bounds.push(`position <= ${edge(shifted(recordedUntil, HOUR_MS), '<', 'DESC')}`);
  return bounds;
}

const HOUR_MS = 3_600_000;
const shifted = (instant: string, by: number): string => new Date(Date.parse(instant) + by).toISOString();

function where(workspaceId: string, filter: EventFilter): { conditions: string[]; parameters: unknown[] } {
  const parameters: unknown[] = [workspaceId];
  const conditions = ['workspace_id = $1'];
  for (const condition of CONDITIONS) {
    const value = filter[condition.filter];
    if (value == null) continue;
    parameters.push(value);
    // A function, because a replacement text would read `$1` as a group.
    conditions.push(condition.sql.replace('$', () => `$${parameters.length}`));
  }
  return { conditions, parameters };
}
