/** Labels, by name or by id. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type PageRequest } from '../shared/keyset.js';

export interface LabelRecord {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly version: number;
}

export const labelOrder = keysetOrder('labels', [
  { sql: 'name', field: 'name', type: 'text' },
  { sql: 'id', field: 'id', type: 'uuid' },
]);

const SELECT = 'SELECT id, name, color, version FROM read.labels';

@Injectable()
export class LabelQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page by name. Index (workspace_id, name, id). */
  page(workspaceId: string, page: PageRequest): Promise<LabelRecord[]> {
    const keyset = keysetSql(labelOrder, page, 2);
    const sql = `${SELECT} WHERE workspace_id = $1 AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [workspaceId, ...keyset.parameters]);
  }

  /** In any order; unknown and deleted ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<LabelRecord[]> {
    const sql = `${SELECT} WHERE workspace_id = $1 AND id = ANY($2::uuid[])`;
    return this.database.query(workspaceId, sql, [workspaceId, ids]);
  }
}
