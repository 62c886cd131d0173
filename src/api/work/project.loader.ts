/** Projects by id, one statement per request. */
import { Injectable } from '@nestjs/common';
import { ProjectQueries, type ProjectRecord } from '../../projections/work/projects.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class ProjectLoader extends BatchLoader<ProjectRecord> {
  protected override readonly category = 'project';

  constructor(private readonly projects: ProjectQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, ProjectRecord>> {
    return byKey(await this.projects.byIds(workspaceId, ids), ({ id }) => id);
  }
}
