/** Runs, newest first, and the records each rejected. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';
import { keysetOrder, keysetSql, type PageRequest } from '../shared/keyset.js';

export interface SyncRunRecord {
  readonly id: string;
  readonly integrationId: string;
  readonly subject: string;
  readonly sources: readonly { readonly name: string; readonly fingerprint: string | null }[];
  readonly status: string;
  readonly cursor: Readonly<Record<string, string | number>> | null;
  readonly read: string;
  readonly changed: string;
  readonly unchanged: string;
  readonly rejected: string;
  readonly reason: string | null;
  readonly startedAt: string | Date;
  readonly progressedAt: string | Date;
  readonly endedAt: string | Date | null;
  readonly version: number;
}

export interface SyncRejectRecord {
  readonly revision: number;
  readonly place: number;
  readonly source: string;
  readonly line: string;
  readonly column: string | null;
  readonly value: string | null;
  readonly reason: string;
}

export interface SyncRunFilter {
  readonly integrationId?: string | undefined;
  readonly status?: string | undefined;
}

export const syncRunOrder = keysetOrder('syncRuns', [
  { sql: 'started_at', field: 'startedAt', type: 'timestamptz', direction: 'desc' },
  { sql: 'run_id', field: 'id', type: 'uuid', direction: 'desc' },
]);

export const syncRejectOrder = keysetOrder('syncRejects', [
  { sql: 'revision', field: 'revision', type: 'bigint' },
  { sql: 'place', field: 'place', type: 'bigint' },
]);

const SELECT = `SELECT run_id AS id, integration_id AS "integrationId", subject, sources, status, cursor,
  records_read AS read, records_changed AS changed, records_unchanged AS unchanged, records_rejected AS rejected, reason,
  started_at AS "startedAt", progressed_at AS "progressedAt", ended_at AS "endedAt", version FROM read.sync_runs`;

@Injectable()
export class SyncRunQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** One page, newest first. Index (workspace_id, started_at, run_id), or with the integration before it. */
  page(workspaceId: string, filter: SyncRunFilter, page: PageRequest): Promise<SyncRunRecord[]> {
    const keyset = keysetSql(syncRunOrder, page, 4);
    const sql = `${SELECT} WHERE workspace_id = $1 AND ($2::uuid IS NULL OR integration_id = $2)
      AND ($3::text IS NULL OR status = $3) AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    const parameters = [workspaceId, filter.integrationId ?? null, filter.status ?? null, ...keyset.parameters];
    return this.database.query(workspaceId, sql, parameters);
  }

  /** In any order; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<SyncRunRecord[]> {
    return this.database.query(workspaceId, `${SELECT} WHERE workspace_id = $1 AND run_id = ANY($2::uuid[])`, [
      workspaceId,
      ids,
    ]);
  }

  /** One page of a run's rejected records, in the order they were kept. By primary key. */
  rejects(workspaceId: string, runId: string, page: PageRequest): Promise<SyncRejectRecord[]> {
    const keyset = keysetSql(syncRejectOrder, page, 3);
    const sql = `SELECT revision, place, source, line, column_name AS "column", value, reason FROM read.sync_rejects
      WHERE workspace_id = $1 AND run_id = $2 AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT ${keyset.limit}`;
    return this.database.query(workspaceId, sql, [workspaceId, runId, ...keyset.parameters]);
  }
}
