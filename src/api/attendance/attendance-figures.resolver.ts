/** Figures of attendance by day, month and employee, and who was absent on a day. */
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import {
  AttendanceFiguresQueries,
  type AbsenteeRecord,
  type AttendanceFigures,
  type FiguresFilter,
  type FiguresGrouping,
  type FiguresOrder,
} from '../../projections/attendance/attendance-figures.queries.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { badInput } from '../shared/errors.js';
import { requirePosition } from '../shared/freshness.js';
import type { ApiContext } from '../shared/request-context.js';
import { checkFirst, checkRange, MAX_FIRST, seesPersonalData, type FreshArguments } from './arguments.js';

const READS = ['attendance-days', 'employees', 'attendance-calendar'];
/** Days of the longest range: figures by day or month are bounded by the range itself. */
const UNBOUNDED = 3_700;
const DAY_HOURS = 24;
/** Longer days are overtime, unless told. */
const OVER_HOURS = 9;

interface FiguresArguments extends FreshArguments {
  readonly filter: Omit<FiguresFilter, 'overHours'> & { readonly overHours?: number | null };
}
interface ListArguments extends FiguresArguments {
  readonly first?: number | null;
}
type EmployeeOrder = 'NUMBER' | 'MOST_ABSENT' | 'LONGEST_AVERAGE_HOURS' | 'MOST_LATE';

const ORDERS: Readonly<Record<EmployeeOrder, FiguresOrder>> = {
  NUMBER: 'natural',
  MOST_ABSENT: 'mostAbsent',
  LONGEST_AVERAGE_HOURS: 'longestAverageHours',
  MOST_LATE: 'mostLate',
};

const NOTHING: AttendanceFigures = {
  period: null,
  employeeId: null,
  personDays: 0,
  present: 0,
  absent: 0,
  leave: 0,
  absenceRate: null,
  hours: 0,
  averageHours: null,
  late: 0,
  overtime: 0,
};

@Resolver()
export class AttendanceFiguresResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly queries: AttendanceFiguresQueries,
  ) {}

  @Query('attendanceSummary')
  async summary(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<AttendanceFigures> {
    const [total] = await this.figures(context, 'total', args);
    return total?.figures ?? NOTHING;
  }

  @Query('attendanceByDay')
  byDay(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<FiguresView[]> {
    return this.figures(context, 'day', args);
  }

  @Query('attendanceByMonth')
  byMonth(@Args() args: FiguresArguments, @Context() context: ApiContext): Promise<FiguresView[]> {
    return this.figures(context, 'month', args);
  }

  @Query('attendanceByEmployee')
  byEmployee(
    @Args() args: ListArguments & { readonly orderBy?: EmployeeOrder | null },
    @Context() context: ApiContext,
  ): Promise<FiguresView[]> {
    return this.figures(context, 'employee', args, ORDERS[args.orderBy ?? 'NUMBER'], checkFirst(args.first, 20));
  }

  @Query('attendanceByEmployeeAndMonth')
  byEmployeeAndMonth(@Args() args: ListArguments, @Context() context: ApiContext): Promise<FiguresView[]> {
    return this.figures(context, 'employeeMonth', args, 'natural', checkFirst(args.first, MAX_FIRST));
  }

  @Query('absentees')
  async absentees(
    @Args() args: FreshArguments & { readonly day: string; readonly first?: number | null },
    @Context() context: ApiContext,
  ): Promise<AbsenteeRecord[]> {
    const first = checkFirst(args.first, MAX_FIRST);
    await requirePosition(this.database, READS, args.minPosition);
    const absentees = await this.queries.absentees(context.workspaceId, args.day, first);
    return seesPersonalData(context) ? absentees : absentees.map((absentee) => ({ ...absentee, reason: null }));
  }

  private async figures(
    context: ApiContext,
    grouping: FiguresGrouping,
    { filter, minPosition }: FiguresArguments,
    order: FiguresOrder = 'natural',
    limit = UNBOUNDED,
  ): Promise<FiguresView[]> {
    checkRange(filter);
    const overHours = filter.overHours ?? OVER_HOURS;
    if (!(overHours >= 0 && overHours <= DAY_HOURS))
      throw badInput(`\`overHours\` is from 0 to ${DAY_HOURS}; you sent ${overHours}.`, 'overHours');
    await requirePosition(this.database, READS, minPosition);
    const rows = await this.queries.figures(context.workspaceId, grouping, { ...filter, overHours }, order, limit);
    return rows.map((figures) => ({
      day: figures.period,
      month: figures.period?.slice(0, 'YYYY-MM'.length) ?? null,
      employeeId: figures.employeeId,
      figures,
    }));
  }
}

/** What all the shapes of figures are resolved from: each type shows those of these that it has. */
interface FiguresView {
  readonly day: string | null;
  readonly month: string | null;
  readonly employeeId: string | null;
  readonly figures: AttendanceFigures;
}
