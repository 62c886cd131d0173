/** Searching the event index: what happened to a thing, by whom, of which type, when. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
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
  { filter: 'recordedFrom', sql: 'recorded_at >= $::timestamptz' },
  { filter: 'recordedUntil', sql: 'recorded_at < $::timestamptz' },
  { filter: 'occurredFrom', sql: 'occurred_at >= $::timestamptz' },
  { filter: 'occurredUntil', sql: 'occurred_at < $::timestamptz' },
];

@Injectable()
export class EventIndexQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page in the log's order or against it. */
  page(
    workspaceId: string,
    filter: EventFilter,
    by: typeof newestFirst,
    page: PageRequest,
  ): Promise<EventIndexRecord[]> {
    const { conditions, parameters } = where(workspaceId, filter);
    const keyset = keysetSql(by, page, parameters.length + 1);
    const sql = `${SELECT} WHERE ${conditions.join(' AND ')} AND ${keyset.where}
      ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [...parameters, ...keyset.parameters]);
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
