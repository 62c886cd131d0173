/** Members by id, one statement per request. */
import { Injectable } from '@nestjs/common';
import { MemberQueries, type MemberRecord } from '../../projections/workspaces/members.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class MemberLoader extends BatchLoader<MemberRecord> {
  protected override readonly category = 'member';

  constructor(private readonly members: MemberQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, MemberRecord>> {
    return byKey(await this.members.byIds(workspaceId, ids), ({ id }) => id);
  }
}
