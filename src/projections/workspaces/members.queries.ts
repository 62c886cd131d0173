/** Members, by name or by id. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type KeysetOrder, type PageRequest } from '../shared/keyset.js';

export interface MemberRecord {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly role: string;
  readonly removed: boolean;
  readonly addedAt: string | Date;
  readonly version: number;
}

export const memberOrder = keysetOrder('members', [
  { sql: 'name', field: 'name', type: 'text' },
  { sql: 'id', field: 'id', type: 'uuid' },
]);

/** For those who see no names: a cursor holds what it is ordered by, and so does the order itself. */
export const memberOrderWithoutNames = keysetOrder('membersById', [{ sql: 'id', field: 'id', type: 'uuid' }]);

const SELECT = `SELECT id, name, email, role, removed, added_at AS "addedAt", version FROM read.members`;

@Injectable()
export class MemberQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page. Index (workspace_id, name, id), or the primary key. */
  page(workspaceId: string, includeRemoved: boolean, order: KeysetOrder, page: PageRequest): Promise<MemberRecord[]> {
    const keyset = keysetSql(order, page, 3);
    const sql = `${SELECT} WHERE workspace_id = $1 AND ($2 OR NOT removed) AND ${keyset.where}
      ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [workspaceId, includeRemoved, ...keyset.parameters]);
  }

  /** In any order, removed ones too; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<MemberRecord[]> {
    const sql = `${SELECT} WHERE workspace_id = $1 AND id = ANY($2::uuid[])`;
    return this.database.query(workspaceId, sql, [workspaceId, ids]);
  }
}
