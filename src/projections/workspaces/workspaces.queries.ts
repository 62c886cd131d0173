/** The workspace itself. */
import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../ports/read-database.port.js';

export interface WorkspaceRecord {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly weekStart: number;
  readonly workingDays: readonly number[];
  readonly lateAfter: string;
  readonly holidays: readonly { readonly date: string; readonly name: string }[];
  readonly version: number;
}

@Injectable()
export class WorkspaceQueries {
  constructor(private readonly database: ReadDatabase) {}

  /** By primary key; undefined when the workspace was never created. */
  async find(workspaceId: string): Promise<WorkspaceRecord | undefined> {
    const rows = await this.database.query<WorkspaceRecord>(
      workspaceId,
      `SELECT id, name, time_zone AS "timeZone", currency, week_start AS "weekStart", working_days AS "workingDays",
        late_after AS "lateAfter", holidays, version FROM read.workspaces WHERE workspace_id = $1 AND id = $1`,
      [workspaceId],
    );
    return rows[0];
  }
}
