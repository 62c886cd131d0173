/** Integrations, by name or by id. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';

export interface IntegrationRecord {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly registeredAt: string | Date;
  readonly version: number;
}

/** A workspace has a handful; the bound is against accidents. */
const MAX_INTEGRATIONS = 500;

const SELECT = `SELECT integration_id AS id, kind, name, config, enabled, disabled_reason AS "disabledReason",
  registered_at AS "registeredAt", version FROM read.integrations`;

@Injectable()
export class IntegrationQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** All of a workspace by name, at most 500. Index (workspace_id, name, integration_id). */
  list(workspaceId: string): Promise<IntegrationRecord[]> {
    const sql = `${SELECT} WHERE workspace_id = $1 ORDER BY name, integration_id LIMIT ${MAX_INTEGRATIONS}`;
    return this.database.query(workspaceId, sql, [workspaceId]);
  }

  /** In any order; unknown ids are left out. By primary key. */
  byIds(workspaceId: string, ids: readonly string[]): Promise<IntegrationRecord[]> {
    return this.database.query(workspaceId, `${SELECT} WHERE workspace_id = $1 AND integration_id = ANY($2::uuid[])`, [
      workspaceId,
      ids,
    ]);
  }
}
