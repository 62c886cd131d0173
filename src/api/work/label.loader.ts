/** Labels by id, one statement per request. */
import { Injectable } from '@nestjs/common';
import { LabelQueries, type LabelRecord } from '../../projections/work/labels.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class LabelLoader extends BatchLoader<LabelRecord> {
  protected override readonly category = 'label';

  constructor(private readonly labels: LabelQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, LabelRecord>> {
    return byKey(await this.labels.byIds(workspaceId, ids), ({ id }) => id);
  }
}
