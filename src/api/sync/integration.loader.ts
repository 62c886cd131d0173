/** Integrations by id, one statement per request. */
import { Injectable } from '@nestjs/common';
import { IntegrationQueries, type IntegrationRecord } from '../../projections/sync/integrations.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class IntegrationLoader extends BatchLoader<IntegrationRecord> {
  protected override readonly category = 'integration';

  constructor(private readonly integrations: IntegrationQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, IntegrationRecord>> {
    return byKey(await this.integrations.byIds(workspaceId, ids), ({ id }) => id);
  }
}
