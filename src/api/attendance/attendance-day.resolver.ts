/** Attendance days: lists, one of them, and what people and managers record. */
import { Args, Context, Mutation, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CommandBus } from '@nestjs/cqrs';
import { CheckIn } from '../../commands/attendance/check-in.command.js';
import { CheckOut } from '../../commands/attendance/check-out.command.js';
import { CorrectDay } from '../../commands/attendance/correct-day.command.js';
import { RecordAbsence } from '../../commands/attendance/record-absence.command.js';
import { RecordLeave } from '../../commands/attendance/record-leave.command.js';
import { attendanceDayIdOf } from '../../domain/attendance/attendance.ids.js';
import type { EmployeeRecord } from '../../projections/attendance/employees.queries.js';
import {
  attendanceDayOrder,
  AttendanceDayQueries,
  type AttendanceDayFilter,
  type AttendanceDayRecord,
} from '../../projections/attendance/attendance-days.queries.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { seesPersonalData, type FreshArguments } from './arguments.js';
import { AttendanceDayLoader } from './attendance-day.loader.js';
import { correctionInput, dayOfState, leaveInput, leaveOutcome, type CorrectionInput } from './attendance-day.views.js';
import { EmployeeLoader } from './employee.loader.js';

// A day is read with its employee.
const READS = ['attendance-days', 'employees'];

@Resolver('AttendanceDay')
export class AttendanceDayResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: AttendanceDayQueries,
    private readonly days: AttendanceDayLoader,
    private readonly employees: EmployeeLoader,
  ) {}

  @Query('attendanceDay')
  async one(
    @Args() args: FreshArguments & { readonly employeeId: string; readonly day: string },
    @Context() context: ApiContext,
  ): Promise<AttendanceDayRecord | null> {
    await requirePosition(this.database, READS, args.minPosition);
    return this.days.load(context, attendanceDayIdOf(context.workspaceId, args.employeeId, args.day));
  }

  @Query('attendanceDays')
  async list(
    @Args() args: PageArguments & FreshArguments & { readonly filter?: AttendanceDayFilter | null },
    @Context() context: ApiContext,
  ): Promise<Connection<AttendanceDayRecord>> {
    await requirePosition(this.database, READS, args.minPosition);
    const filter = { ...args.filter, status: args.filter?.status?.toLowerCase() };
    return connection(args, attendanceDayOrder, (page) => this.queries.page(context.workspaceId, filter, page));
  }

  @Mutation('checkIn')
  checkIn(@Args('input') input: InputOf<CheckIn>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CheckIn, input, dayOfState);
  }

  @Mutation('checkOut')
  checkOut(@Args('input') input: InputOf<CheckOut>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CheckOut, input, dayOfState);
  }

  @Mutation('recordAbsence')
  absence(@Args('input') input: InputOf<RecordAbsence>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RecordAbsence, input, dayOfState);
  }

  @Mutation('recordLeave')
  leave(@Args('input') input: InputOf<RecordLeave>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RecordLeave, leaveInput(input), leaveOutcome);
  }

  @Mutation('correctAttendanceDay')
  correct(@Args('input') input: CorrectionInput, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CorrectDay, correctionInput(input), dayOfState, 'manager');
  }

  @ResolveField('employee')
  employee({ employeeId }: AttendanceDayRecord, _args: unknown, context: ApiContext): Promise<EmployeeRecord | null> {
    return this.employees.load(context, employeeId);
  }

  @ResolveField('status')
  status({ status }: AttendanceDayRecord): string {
    return status.toUpperCase();
  }

  @ResolveField('corrected')
  corrected({ correctionReason }: AttendanceDayRecord): boolean {
    return correctionReason !== null;
  }

  // What follows is personal data.

  @ResolveField('reason')
  reason({ reason }: AttendanceDayRecord, _args: unknown, context: ApiContext): string | null {
    return seesPersonalData(context) ? reason : null;
  }

  @ResolveField('leaveKind')
  leaveKind({ leaveKind }: AttendanceDayRecord, _args: unknown, context: ApiContext): string | null {
    return seesPersonalData(context) && leaveKind !== null ? leaveKind.toUpperCase() : null;
  }

  @ResolveField('note')
  note({ note }: AttendanceDayRecord, _args: unknown, context: ApiContext): string | null {
    return seesPersonalData(context) ? note : null;
  }

  @ResolveField('correctionReason')
  correctionReason(day: AttendanceDayRecord, _args: unknown, context: ApiContext): string | null {
    return seesPersonalData(context) ? day.correctionReason : null;
  }
}
