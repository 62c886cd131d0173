/** Attendance of all units together: by day, the lowest days, by group and month. */
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import {
  UnitAttendanceQueries,
  type UnitAttendanceDay,
  type UnitAttendanceGroup,
} from '../../projections/attendance/unit-attendance.queries.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { requirePosition } from '../shared/freshness.js';
import type { ApiContext } from '../shared/request-context.js';
import { checkFirst, checkRange, type DayRange, type FreshArguments } from './arguments.js';

type RangeArguments = DayRange & FreshArguments;

@Resolver()
export class UnitAttendanceResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly queries: UnitAttendanceQueries,
  ) {}

  @Query('unitAttendanceByDay')
  async byDay(@Args() args: RangeArguments, @Context() context: ApiContext): Promise<UnitAttendanceDay[]> {
    checkRange(args);
    await requirePosition(this.database, ['unit-reports'], args.minPosition);
    return this.queries.byDay(context.workspaceId, args.from, args.to);
  }

  @Query('lowestUnitAttendance')
  async lowest(
    @Args() args: RangeArguments & { readonly minReporting?: number | null; readonly first?: number | null },
    @Context() context: ApiContext,
  ): Promise<UnitAttendanceDay[]> {
    checkRange(args);
    const first = checkFirst(args.first, 10);
    await requirePosition(this.database, ['unit-reports'], args.minPosition);
    return this.queries.lowestDays(context.workspaceId, args.from, args.to, args.minReporting ?? 1, first);
  }

  @Query('unitAttendanceByGroup')
  async byGroup(@Args() args: RangeArguments, @Context() context: ApiContext): Promise<UnitAttendanceGroup[]> {
    checkRange(args);
    await requirePosition(this.database, ['unit-reports', 'units'], args.minPosition);
    const groups = await this.queries.byGroupAndMonth(context.workspaceId, args.from, args.to);
    return groups.map((group) => ({ ...group, month: group.month.slice(0, 'YYYY-MM'.length) }));
  }
}
