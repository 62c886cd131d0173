/** The workspace, once per request. */
import { Injectable } from '@nestjs/common';
import { WorkspaceQueries, type WorkspaceRecord } from '../../projections/workspaces/workspaces.queries.js';
import { BatchLoader } from '../shared/loader.js';

@Injectable()
export class WorkspaceLoader extends BatchLoader<WorkspaceRecord> {
  protected override readonly category = 'workspace';

  constructor(private readonly workspaces: WorkspaceQueries) {
    super();
  }

  protected override async batch(workspaceId: string): Promise<ReadonlyMap<string, WorkspaceRecord>> {
    const workspace = await this.workspaces.find(workspaceId);
    return new Map(workspace ? [[workspace.id, workspace]] : []);
  }
}
