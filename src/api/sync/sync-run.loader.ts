/** Runs by id, one statement per request. */
import { Injectable } from '@nestjs/common';
import { SyncRunQueries, type SyncRunRecord } from '../../projections/sync/sync-runs.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class SyncRunLoader extends BatchLoader<SyncRunRecord> {
  protected override readonly category = 'sync-run';

  constructor(private readonly runs: SyncRunQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, SyncRunRecord>> {
    return byKey(await this.runs.byIds(workspaceId, ids), ({ id }) => id);
  }
}
