/** Runs of integrations over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { CancelRun } from '../../commands/sync/cancel-run.command.js';
import { CompleteRun } from '../../commands/sync/complete-run.command.js';
import { FailRun } from '../../commands/sync/fail-run.command.js';
import { ProgressRun } from '../../commands/sync/progress-run.command.js';
import { RejectRecords } from '../../commands/sync/reject-records.command.js';
import { StartRun, type SyncRunState } from '../../commands/sync/start-run.command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { syncRunEvents, type RunCounts } from '../../domain/sync/sync-run.events.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import type { IntegrationRecord } from '../../projections/sync/integrations.queries.js';
import { syncRejectOrder, syncRunOrder, SyncRunQueries, type SyncRejectRecord, type SyncRunRecord } from '../../projections/sync/sync-runs.queries.js'; // prettier-ignore
import { ChangeFeed } from '../shared/change-feed.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import { IntegrationLoader } from './integration.loader.js';
import { SyncRunLoader } from './sync-run.loader.js';

// A run is read with its integration and its rejects.
const READS = ['sync-runs', 'sync-rejects', 'integrations'];

type MinPosition = LogPosition | null | undefined;

interface SyncRunsArguments extends PageArguments {
  readonly integrationId?: string | null;
  readonly status?: string | null;
  readonly minPosition?: MinPosition;
}

interface ChangedArguments {
  readonly runId?: string | null;
  readonly after?: MinPosition;
}

/** A run out of the read model, or out of a mutation's result. */
type Run = Pick<SyncRunRecord, 'id' | 'integrationId'> &
  (Pick<SyncRunRecord, keyof RunCounts> | { readonly counts: RunCounts });

@Resolver('SyncRun')
export class SyncRunResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: SyncRunQueries,
    private readonly runs: SyncRunLoader,
    private readonly integrations: IntegrationLoader,
    private readonly changes: ChangeFeed,
  ) {}

  @Query('syncRun')
  async find(
    @Args('id') id: string,
    @Args('minPosition') minPosition: MinPosition,
    @Context() context: ApiContext,
  ): Promise<SyncRunRecord | null> {
    await requirePosition(this.database, READS, minPosition);
    return this.runs.load(context, id);
  }

  @Query('syncRuns')
  async list(@Args() args: SyncRunsArguments, @Context() context: ApiContext): Promise<Connection<SyncRunRecord>> {
    await requirePosition(this.database, READS, args.minPosition);
    const filter = { integrationId: args.integrationId ?? undefined, status: args.status ?? undefined };
    return connection(args, syncRunOrder, (page) => this.queries.page(context.workspaceId, filter, page));
  }

  @ResolveField('integration')
  integration(run: Run, _args: unknown, context: ApiContext): Promise<IntegrationRecord | null> {
    return this.integrations.load(context, run.integrationId);
  }

  @ResolveField('counts')
  counts(run: Run): RunCounts {
    if ('counts' in run) return run.counts;
    const { read, changed, unchanged, rejected } = run;
    return { read: Number(read), changed: Number(changed), unchanged: Number(unchanged), rejected: Number(rejected) };
  }

  /** Values are of the source's people: others see where and why only. */
  @ResolveField('rejects')
  rejects(run: Run, args: PageArguments, context: ApiContext): Promise<Connection<SyncRejectRecord>> {
    return connection(args, syncRejectOrder, async (page) => {
      const rejects = await this.queries.rejects(context.workspaceId, run.id, page);
      return hasRole(context, 'manager') ? rejects : rejects.map((reject) => ({ ...reject, value: null }));
    });
  }

  @Mutation('startRun')
  start(@Args('input') input: InputOf<StartRun>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, StartRun, input, runPayload);
  }

  @Mutation('progressRun')
  progress(@Args('input') input: InputOf<ProgressRun>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, ProgressRun, input, runPayload);
  }

  @Mutation('rejectRecords')
  reject(@Args('input') input: InputOf<RejectRecords>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RejectRecords, input, runPayload);
  }

  @Mutation('completeRun')
  complete(@Args('input') input: InputOf<CompleteRun>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CompleteRun, input, runPayload);
  }

  @Mutation('failRun')
  fail(@Args('input') input: InputOf<FailRun>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, FailRun, input, runPayload);
  }

  @Mutation('cancelRun')
  cancel(@Args('input') input: InputOf<CancelRun>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CancelRun, input, runPayload);
  }

  @Subscription('syncRunChanged')
  changed(
    @Args() { runId, after }: ChangedArguments,
    @Context() context: ApiContext,
  ): ReturnType<ChangeFeed['subscribe']> {
    const request = {
      filter: { types: syncRunEvents.map(({ type }) => type) },
      projections: READS,
      after,
      ...(runId != null && { matches: ({ thingId }: { readonly thingId: string }) => thingId === runId }),
    };
    return this.changes.subscribe(context, 'syncRunChanged', request, ({ thingId }) => ({ runId: thingId }));
  }
}

@Resolver('SyncRunChanged')
export class SyncRunChangedResolver {
  constructor(private readonly runs: SyncRunLoader) {}

  @ResolveField('syncRun')
  syncRun(change: { readonly runId: string }, _args: unknown, context: ApiContext): Promise<SyncRunRecord | null> {
    return this.runs.load(context, change.runId);
  }
}

const runPayload = ({ id, state, version }: Accepted<SyncRunState>): { readonly syncRun: object } => ({
  syncRun: { id, ...state, version },
});
