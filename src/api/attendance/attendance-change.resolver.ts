/** Changes of attendance days, as they happen. */
import { Args, Context, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { attendanceDayEvents } from '../../domain/attendance/attendance-day.events.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { AttendanceDayRecord } from '../../projections/attendance/attendance-days.queries.js';
import { ChangeFeed, type ChangeRequest } from '../shared/change-feed.js';
import type { ApiContext } from '../shared/request-context.js';
import { AttendanceDayLoader } from './attendance-day.loader.js';

const EVENT_TYPES: readonly string[] = attendanceDayEvents.map(({ type }) => type);
const PROJECTIONS = ['attendance-days', 'employees'];

interface ChangedArguments {
  readonly employeeId?: string | null;
  readonly after?: LogPosition | null;
}

@Resolver('AttendanceChange')
export class AttendanceChangeResolver {
  constructor(
    private readonly changes: ChangeFeed,
    private readonly days: AttendanceDayLoader,
  ) {}

  @Subscription('attendanceChanged')
  changed(@Args() { employeeId, after }: ChangedArguments, @Context() context: ApiContext): AsyncIterable<object> {
    const request: ChangeRequest = { filter: { types: EVENT_TYPES }, projections: PROJECTIONS, after };
    const matches: ChangeRequest['matches'] = async (change, shared) =>
      (await this.days.load(shared, change.thingId))?.employeeId === employeeId;
    return this.changes.subscribe(
      context,
      'attendanceChanged',
      employeeId ? { ...request, matches } : request,
      ({ thingId }) => ({ attendanceId: thingId }),
    );
  }

  @ResolveField('attendanceDay')
  attendanceDay(
    { attendanceId }: { readonly attendanceId: string },
    _args: unknown,
    context: ApiContext,
  ): Promise<AttendanceDayRecord | null> {
    return this.days.load(context, attendanceId);
  }
}
