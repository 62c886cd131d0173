/** Units: the list, one of them, their rates, and their changes. */
import { Args, Context, Mutation, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CommandBus } from '@nestjs/cqrs';
import { AddUnit } from '../../commands/attendance/add-unit.command.js';
import { ChangeUnit } from '../../commands/attendance/change-unit.command.js';
import { ReportUnitRates } from '../../commands/attendance/report-unit-rates.command.js';
import type { Accepted } from '../../commands/shared/command.js';
import { unitIdOf } from '../../domain/attendance/attendance.ids.js';
import { formatDecimal, READ_SCALE } from '../../domain/shared/money.js';
import {
  unitOrder,
  UnitAttendanceQueries,
  type UnitRecord,
} from '../../projections/attendance/unit-attendance.queries.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { checkOneOf, checkRange, type DayRange, type FreshArguments, type StateOf } from './arguments.js';

// A unit's rates are read with it.
const READS = ['units', 'unit-reports'];

interface UnitRate {
  readonly day: string;
  readonly ratePct: string | null;
}

@Resolver('AttendanceUnit')
export class UnitResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: UnitAttendanceQueries,
  ) {}

  @Query('units')
  async list(
    @Args() args: PageArguments & FreshArguments & { readonly group?: string | null },
    @Context() context: ApiContext,
  ): Promise<Connection<UnitRecord>> {
    await requirePosition(this.database, READS, args.minPosition);
    return connection(args, unitOrder, (page) => this.queries.units(context.workspaceId, args.group ?? null, page));
  }

  @Query('unit')
  async one(
    @Args() args: FreshArguments & { readonly id?: string | null; readonly code?: string | null },
    @Context() context: ApiContext,
  ): Promise<UnitRecord | null> {
    checkOneOf(args.id, args.code, 'an id or a code');
    await requirePosition(this.database, READS, args.minPosition);
    const id = args.id ?? unitIdOf(context.workspaceId, (args.code ?? '').trim());
    const [unit] = await this.queries.unitsByIds(context.workspaceId, [id]);
    return unit ?? null;
  }

  @Mutation('addUnit')
  add(@Args('input') input: InputOf<AddUnit>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AddUnit, input, unitPayload);
  }

  @Mutation('changeUnit')
  change(@Args('input') input: InputOf<ChangeUnit>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeUnit, input, unitPayload);
  }

  @Mutation('reportUnitRates')
  report(@Args('input') input: InputOf<ReportUnitRates>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, ReportUnitRates, input, ({ state }) => ({ units: state.rates.size }));
  }

  @ResolveField('rates')
  async rates(unit: UnitRecord, range: DayRange, context: ApiContext): Promise<UnitRate[]> {
    checkRange(range);
    const rows = await this.queries.ratesOfUnit(context.workspaceId, unit.code, range.from, range.to);
    return rows.map(({ day, rate }) => ({ day, ratePct: rate === null ? null : plainDecimal(rate) }));
  }
}

/** `92500000` at READ_SCALE is `92.5`. */
const plainDecimal = (rate: string): string => formatDecimal(BigInt(rate), READ_SCALE).replace(/\.?0+$/, '');

/** The unit as the command left it, before any read model shows it. */
function unitPayload({ id, state, version }: Accepted<StateOf<AddUnit>>): { unit: UnitRecord | null } {
  if (!state.exists) return { unit: null };
  const { code, name, group } = state;
  return { unit: { id, code, name, group, version } };
}
