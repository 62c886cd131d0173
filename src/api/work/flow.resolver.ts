/** How work flows, over GraphQL: each figure is asked for only when it is wanted. */
import { Args, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { addDays } from '../../domain/shared/time.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import {
  FlowQueries,
  type BucketRecord,
  type DurationRecord,
  type FlowBucket,
  type FlowScope,
  type FlowTotalsRecord,
  type StatusCountRecord,
} from '../../projections/work/flow.queries.js';
import { badInput } from '../shared/errors.js';
import { requirePosition } from '../shared/freshness.js';
import type { ApiContext } from '../shared/request-context.js';

interface FlowArguments extends FlowScope {
  readonly minPosition?: LogPosition | null;
}

interface BucketArguments {
  readonly bucket?: FlowBucket | null;
}

/** A year and its neighbours: a row per day and step goes to the client. */
const MAX_DAYS = 400;
const IN_PROGRESS: ReadonlySet<string> = new Set(['IN_PROGRESS', 'IN_REVIEW', 'BLOCKED']);

@Resolver('Flow')
export class FlowResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly flow: FlowQueries,
  ) {}

  @Query('flow')
  async scope(@Args() args: FlowArguments): Promise<FlowScope> {
    await requirePosition(this.database, ['tasks', 'workspaces'], args.minPosition);
    const { projectIds, from, to } = args;
    if (from && to && from >= to) throw badInput('`from` is a day before `to`.', 'from');
    return { projectIds, from, to };
  }

  @ResolveField('totals')
  totals(scope: FlowScope, _args: unknown, { workspaceId }: ApiContext): Promise<FlowTotalsRecord> {
    return this.flow.totals(workspaceId, scope);
  }

  @ResolveField('leadTime')
  leadTime(scope: FlowScope, _args: unknown, { workspaceId }: ApiContext): Promise<DurationRecord> {
    return this.flow.duration(workspaceId, scope, 'lead');
  }

  @ResolveField('cycleTime')
  cycleTime(scope: FlowScope, _args: unknown, { workspaceId }: ApiContext): Promise<DurationRecord> {
    return this.flow.duration(workspaceId, scope, 'cycle');
  }

  @ResolveField('throughput')
  throughput(scope: FlowScope, { bucket }: BucketArguments, { workspaceId }: ApiContext): Promise<BucketRecord[]> {
    return this.flow.perBucket(workspaceId, scope, 'done', bucket ?? 'MONTH');
  }

  @ResolveField('created')
  created(scope: FlowScope, { bucket }: BucketArguments, { workspaceId }: ApiContext): Promise<BucketRecord[]> {
    return this.flow.perBucket(workspaceId, scope, 'created', bucket ?? 'MONTH');
  }

  @ResolveField('types')
  types(scope: FlowScope, _args: unknown, { workspaceId }: ApiContext): ReturnType<FlowQueries['types']> {
    return this.flow.types(workspaceId, scope);
  }

  @ResolveField('daysInStatus')
  daysInStatus(scope: FlowScope, _args: unknown, { workspaceId }: ApiContext): ReturnType<FlowQueries['daysInStatus']> {
    return this.flow.daysInStatus(workspaceId, scope);
  }

  @ResolveField('statusAsOf')
  statusAsOf(
    scope: FlowScope,
    { date }: { readonly date: string },
    { workspaceId }: ApiContext,
  ): Promise<StatusCountRecord[]> {
    return this.flow.statusByDay(workspaceId, scope.projectIds, date, date);
  }

  @ResolveField('statusByDay')
  statusByDay(scope: FlowScope, _args: unknown, { workspaceId }: ApiContext): Promise<StatusCountRecord[]> {
    const { from, last } = boundedDays(scope);
    return this.flow.statusByDay(workspaceId, scope.projectIds, from, last);
  }

  @ResolveField('workInProgress')
  async workInProgress(
    scope: FlowScope,
    _args: unknown,
    { workspaceId }: ApiContext,
  ): Promise<{ readonly date: string; readonly count: number }[]> {
    const { from, last } = boundedDays(scope);
    const counts = new Map<string, number>();
    for (let day = from; day <= last; day = addDays(day, 1)) counts.set(day, 0);
    for (const { date, status, count } of await this.flow.statusByDay(workspaceId, scope.projectIds, from, last)) {
      if (IN_PROGRESS.has(status)) counts.set(date, (counts.get(date) ?? 0) + count);
    }
    return [...counts].map(([date, count]) => ({ date, count }));
  }
}

function boundedDays({ from, to }: FlowScope): { from: string; last: string } {
  if (!from || !to || addDays(from, MAX_DAYS) < to)
    throw badInput(`Give \`from\` and \`to\`, at most ${MAX_DAYS} days apart.`, 'from');
  return { from, last: addDays(to, -1) };
}
