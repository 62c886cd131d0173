/** Single days: one statement per request, or per change that many subscribers are told of. */
import { Injectable } from '@nestjs/common';
import {
  AttendanceDayQueries,
  type AttendanceDayRecord,
} from '../../projections/attendance/attendance-days.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class AttendanceDayLoader extends BatchLoader<AttendanceDayRecord> {
  protected override readonly category = 'attendance';

  constructor(private readonly days: AttendanceDayQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, AttendanceDayRecord>> {
    return byKey(await this.days.byIds(workspaceId, ids), ({ id }) => id);
  }
}
