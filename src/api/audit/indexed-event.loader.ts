/** Events of the index by their position: one statement for all that a request or a moment brings. */
import { Injectable } from '@nestjs/common';
import { EventIndexQueries, type EventIndexRecord } from '../../projections/audit/event-index.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class IndexedEventLoader extends BatchLoader<EventIndexRecord> {
  constructor(private readonly index: EventIndexQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    positions: readonly string[],
  ): Promise<ReadonlyMap<string, EventIndexRecord>> {
    return byKey(await this.index.byPositions(workspaceId, positions), ({ commit }) => commit);
  }
}
