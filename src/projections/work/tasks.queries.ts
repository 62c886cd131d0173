/** Tasks: lists with filters and orders, boards, single ones,, their stays in each status and with each person. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type KeysetOrder, type PageRequest } from '../shared/keyset.js';

export interface TaskRecord {
  readonly id: string;
  readonly projectId: string;
  readonly externalKey: string | null;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly priority: string;
  readonly storyPoints: number | null;
  readonly dueDate: string | Date | null;
  readonly status: string;
  readonly statusName: string;
  readonly position: string;
  readonly assigneeIds: readonly string[];
  readonly labelIds: readonly string[];
  readonly createdByKind: string;
  readonly createdById: string;
  readonly createdAt: string | Date;
  readonly updatedAt: string | Date;
  readonly deleted: boolean;
  readonly version: number;
  readonly firstActiveAt: string | Date | null;
  readonly doneAt: string | Date | null;
}

export interface StatusSpanRecord {
  readonly taskId: string;
  readonly seq: number;
  readonly status: string;
  readonly statusName: string;
  readonly from: string | Date;
  readonly to: string | Date | null;
  readonly reopened: boolean;
}

/** A time in which one person had the task; `to` is null while it lasts. */
export interface AssignmentRecord {
  readonly memberId: string;
  readonly from: string;
  readonly to: string | null;
}

/** Every part narrows; an empty list matches nothing. */
export interface TaskFilter {
  readonly projectIds?: readonly string[] | null | undefined;
  readonly statuses?: readonly string[] | null | undefined;
  readonly statusNames?: readonly string[] | null | undefined;
  readonly assigneeIds?: readonly string[] | null | undefined;
  /** Only tasks of nobody. */
  readonly unassigned?: boolean | null | undefined;
  readonly labelIds?: readonly string[] | null | undefined;
  readonly priorities?: readonly string[] | null | undefined;
  readonly types?: readonly string[] | null | undefined;
  readonly externalKeys?: readonly string[] | null | undefined;
  /** Instants; from inclusive, to exclusive. */
  readonly dueFrom?: string | null | undefined;
  readonly dueTo?: string | null | undefined;
}

/** A far day stands for no due date, so that it can be ordered by and be part of a cursor. */
const DUE = "COALESCE(due_date, '9999-12-31T00:00:00Z'::timestamptz)";
const ID = { sql: 'id', field: 'id', type: 'uuid' } as const;

export const taskOrders = {
  NEWEST: keysetOrder('tasks.newest', [
    { sql: 'created_at', field: 'createdAt', type: 'timestamptz', direction: 'desc' },
    { ...ID, direction: 'desc' },
  ]),
  OLDEST: keysetOrder('tasks.oldest', [{ sql: 'created_at', field: 'createdAt', type: 'timestamptz' }, ID]),
  UPDATED: keysetOrder('tasks.updated', [
    { sql: 'updated_at', field: 'updatedAt', type: 'timestamptz', direction: 'desc' },
    { ...ID, direction: 'desc' },
  ]),
  DUE: keysetOrder('tasks.due', [{ sql: DUE, field: 'dueKey', type: 'timestamptz' }, ID]),
  PRIORITY: keysetOrder('tasks.priority', [
    { sql: 'priority_rank', field: 'priorityRank', type: 'bigint' },
    { sql: 'created_at', field: 'createdAt', type: 'timestamptz' },
    ID,
  ]),
  POSITION: keysetOrder('tasks.position', [
    { sql: 'status_name', field: 'statusName', type: 'text' },
    { sql: 'position', field: 'position', type: 'text' },
    ID,
  ]),
} as const satisfies Record<string, KeysetOrder>;
export type TaskOrder = keyof typeof taskOrders;

const COLUMNS = `id, project_id AS "projectId", external_key AS "externalKey", title, description, type, priority,
  story_points AS "storyPoints", due_date AS "dueDate", status, status_name AS "statusName", position,
  assignee_ids AS "assigneeIds", label_ids AS "labelIds", created_by_kind AS "createdByKind",
  created_by_id AS "createdById", created_at AS "createdAt", updated_at AS "updatedAt", deleted, version,
  first_active_at AS "firstActiveAt", done_at AS "doneAt"`;

@Injectable()
export class TaskQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page. Indexes by (workspace_id, [project_id,] created_at, id) for the usual orders; others sort what the filter leaves. */
  page(workspaceId: string, filter: TaskFilter, orderBy: TaskOrder, page: PageRequest): Promise<TaskRecord[]> {
    const order = taskOrders[orderBy];
    const { where, parameters } = filterSql(workspaceId, filter);
    const keyset = keysetSql(order, page, parameters.length + 1);
    const sql = `SELECT ${COLUMNS}, ${DUE} AS "dueKey", priority_rank AS "priorityRank" FROM read.tasks
      WHERE ${where} AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [...parameters, ...keyset.parameters]);
  }

  /** How many the filter leaves. */
  async count(workspaceId: string, filter: TaskFilter): Promise<number> {
    const { where, parameters } = filterSql(workspaceId, filter);
    const sql = `SELECT count(*)::int AS count FROM read.tasks WHERE ${where}`;
    const rows = await this.database.query<{ count: number }>(workspaceId, sql, parameters);
    return rows[0]?.count ?? 0;
  }

  /** In any order, deleted ones too; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<TaskRecord[]> {
    const sql = `SELECT ${COLUMNS} FROM read.tasks WHERE workspace_id = $1 AND id = ANY($2::uuid[])`;
    return this.database.query(workspaceId, sql, [workspaceId, ids]);
  }

  /** How many tasks stand in each step of a project. Index (workspace_id, project_id, status_name, position, id). */
  columns(
    workspaceId: string,
    projectId: string,
  ): Promise<{ readonly status: string; readonly statusName: string; readonly count: number }[]> {
    const sql = `SELECT status, status_name AS "statusName", count(*)::int AS count FROM read.tasks
      WHERE workspace_id = $1 AND project_id = $2 AND NOT deleted GROUP BY status, status_name`;
    return this.database.query(workspaceId, sql, [workspaceId, projectId]);
  }

  /** The first tasks of each of the named columns, in their order. Index (workspace_id, project_id, status_name, position, id). */
  topOfColumns(
    workspaceId: string,
    projectId: string,
    statusNames: readonly string[],
    limit: number,
  ): Promise<TaskRecord[]> {
    const sql = `SELECT task.* FROM unnest($3::text[]) AS step (name) CROSS JOIN LATERAL (
        SELECT ${COLUMNS} FROM read.tasks
        WHERE workspace_id = $1 AND project_id = $2 AND status_name = step.name AND NOT deleted
        ORDER BY position, id LIMIT $4) AS task`;
    return this.database.query(workspaceId, sql, [workspaceId, projectId, statusNames, limit]);
  }

  /**
   * The task directly behind, or in front of, another in its column, leaving one out; undefined at the column's end.
   * Index (workspace_id, project_id, status_name, position, id).
   */
  async neighbour(
    workspaceId: string,
    taskId: string,
    side: 'behind' | 'inFront',
    exceptId: string,
  ): Promise<string | undefined> {
    const [operator, direction] = side === 'behind' ? ['>', 'ASC'] : ['<', 'DESC'];
    const sql = `SELECT other.id FROM read.tasks AS task JOIN read.tasks AS other
        ON other.workspace_id = task.workspace_id AND other.project_id = task.project_id
        AND other.status_name = task.status_name AND (other.position, other.id) ${operator} (task.position, task.id)
      WHERE task.workspace_id = $1 AND task.id = $2 AND NOT other.deleted AND other.id <> $3
      ORDER BY other.position ${direction}, other.id ${direction} LIMIT 1`;
    const rows = await this.database.query<{ id: string }>(workspaceId, sql, [workspaceId, taskId, exceptId]);
    return rows[0]?.id;
  }

  /** Every stay of these tasks in a status, in order. By primary key. */
  statusSpans(workspaceId: string, taskIds: readonly string[]): Promise<StatusSpanRecord[]> {
    const sql = `SELECT id AS "taskId", seq, status, status_name AS "statusName", from_at AS "from", to_at AS "to", reopened
      FROM read.task_status_spans WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id, seq`;
    return this.database.query(workspaceId, sql, [workspaceId, taskIds]);
  }

  /** Who had these tasks, in order. By primary key. */
  assignments(
    workspaceId: string,
    taskIds: readonly string[],
  ): Promise<{ readonly id: string; readonly assignments: readonly AssignmentRecord[] }[]> {
    const sql = 'SELECT id, assignments FROM read.tasks WHERE workspace_id = $1 AND id = ANY($2::uuid[])';
    return this.database.query(workspaceId, sql, [workspaceId, taskIds]);
  }
}

/** Only what is asked for stands in the text, so that Postgres plans each kind of question by its own index. */
function filterSql(workspaceId: string, filter: TaskFilter): { where: string; parameters: unknown[] } {
  const parameters: unknown[] = [workspaceId];
  const conditions = ['workspace_id = $1', 'NOT deleted'];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value === null || value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  // One item by equality: only then does an index on (project, created_at) also give the order.
  const oneOf = (column: string, type: string, list: readonly string[] | null | undefined): void => {
    if (list?.length === 1) add(list[0], (item) => `${column} = ${item}::${type}`);
    else add(list, (items) => `${column} = ANY(${items}::${type}[])`);
  };
  oneOf('project_id', 'uuid', filter.projectIds);
  oneOf('status', 'text', filter.statuses);
  oneOf('status_name', 'text', filter.statusNames);
  add(filter.assigneeIds, (list) => `assignee_ids && ${list}::uuid[]`);
  add(filter.unassigned, (flag) => `(cardinality(assignee_ids) = 0) = ${flag}::boolean`);
  add(filter.labelIds, (list) => `label_ids && ${list}::uuid[]`);
  oneOf('priority', 'text', filter.priorities);
  oneOf('type', 'text', filter.types);
  oneOf('external_key', 'text', filter.externalKeys);
  add(filter.dueFrom, (instant) => `due_date >= ${instant}::timestamptz`);
  add(filter.dueTo, (instant) => `due_date < ${instant}::timestamptz`);
  return { where: conditions.join(' AND '), parameters };
}
