/** Employees: the list, one of them, and their changes. */
import { Args, Context, Mutation, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CommandBus } from '@nestjs/cqrs';
import { AddEmployee } from '../../commands/attendance/add-employee.command.js';
import { ChangeEmployee } from '../../commands/attendance/change-employee.command.js';
import { EndEmployment } from '../../commands/attendance/end-employment.command.js';
import type { Accepted } from '../../commands/shared/command.js';
import { employeeIdOf } from '../../domain/attendance/attendance.ids.js';
import {
  employeeOrder,
  EmployeeQueries,
  type EmployeeFilter,
  type EmployeeRecord,
} from '../../projections/attendance/employees.queries.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { checkOneOf, seesPersonalData, type FreshArguments, type StateOf } from './arguments.js';
import { EmployeeLoader } from './employee.loader.js';

const READS = ['employees'];

type EmployeeView = Omit<EmployeeRecord, 'numberKey'>;

@Resolver('Employee')
export class EmployeeResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: EmployeeQueries,
    private readonly loader: EmployeeLoader,
  ) {}

  @Query('employees')
  async list(
    @Args() args: EmployeeFilter & PageArguments & FreshArguments,
    @Context() context: ApiContext,
  ): Promise<Connection<EmployeeRecord>> {
    await requirePosition(this.database, READS, args.minPosition);
    return connection(args, employeeOrder, (page) => this.queries.page(context.workspaceId, args, page));
  }

  @Query('employee')
  async one(
    @Args() args: FreshArguments & { readonly id?: string | null; readonly number?: string | null },
    @Context() context: ApiContext,
  ): Promise<EmployeeRecord | null> {
    checkOneOf(args.id, args.number, 'an id or a number');
    await requirePosition(this.database, READS, args.minPosition);
    return this.loader.load(context, args.id ?? employeeIdOf(context.workspaceId, (args.number ?? '').trim()));
  }

  @Mutation('addEmployee')
  add(@Args('input') input: InputOf<AddEmployee>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AddEmployee, input, employeePayload);
  }

  @Mutation('changeEmployee')
  change(@Args('input') input: InputOf<ChangeEmployee>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeEmployee, input, employeePayload);
  }

  @Mutation('endEmployment')
  end(@Args('input') input: InputOf<EndEmployment>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, EndEmployment, input, employeePayload);
  }

  /** Personal data. */
  @ResolveField('name')
  name(employee: EmployeeView, _args: unknown, context: ApiContext): string | null {
    return seesPersonalData(context) ? employee.name : null;
  }
}

/** The employee as the command left it, before any read model shows it. */
function employeePayload({ id, state, version }: Accepted<StateOf<AddEmployee>>): { employee: EmployeeView | null } {
  if (!state.exists) return { employee: null };
  const { number, name, department, title, startedOn, leftOn } = state;
  return { employee: { id, number, name, department, title, startedOn, leftOn, version } };
}
