/** Projects, by key or by id. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type PageRequest } from '../shared/keyset.js';

export interface ProjectRecord {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly workflow: readonly { readonly name: string; readonly status: string }[];
  readonly archived: boolean;
  readonly createdAt: string | Date;
  readonly version: number;
}

export const projectOrder = keysetOrder('projects', [
  { sql: 'key', field: 'key', type: 'text' },
  { sql: 'id', field: 'id', type: 'uuid' },
]);

const SELECT = `SELECT id, key, name, description, workflow, archived, created_at AS "createdAt", version
  FROM read.projects`;

@Injectable()
export class ProjectQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page by key. Index (workspace_id, key, id). */
  page(workspaceId: string, includeArchived: boolean, page: PageRequest): Promise<ProjectRecord[]> {
    const keyset = keysetSql(projectOrder, page, 3);
    const sql = `${SELECT} WHERE workspace_id = $1 AND ($2 OR NOT archived) AND ${keyset.where}
      ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [workspaceId, includeArchived, ...keyset.parameters]);
  }

  /** Index (workspace_id, key, id). */
  async byKey(workspaceId: string, key: string): Promise<ProjectRecord | undefined> {
    const sql = `${SELECT} WHERE workspace_id = $1 AND key = $2 ORDER BY id LIMIT 1`;
    const rows = await this.database.query<ProjectRecord>(workspaceId, sql, [workspaceId, key]);
    return rows[0];
  }

  /** In any order; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<ProjectRecord[]> {
    const sql = `${SELECT} WHERE workspace_id = $1 AND id = ANY($2::uuid[])`;
    return this.database.query(workspaceId, sql, [workspaceId, ids]);
  }
}
