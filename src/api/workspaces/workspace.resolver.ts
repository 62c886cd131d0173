/** The workspace over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { AddHoliday } from '../../commands/workspaces/add-holiday.command.js';
import { ChangeWorkspaceSettings } from '../../commands/workspaces/change-workspace-settings.command.js';
import { CreateWorkspace, type WorkspaceState } from '../../commands/workspaces/create-workspace.command.js';
import { RemoveHoliday } from '../../commands/workspaces/remove-holiday.command.js';
import { RenameWorkspace } from '../../commands/workspaces/rename-workspace.command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { workspaceEvents } from '../../domain/workspaces/workspace.events.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import type { WorkspaceRecord } from '../../projections/workspaces/workspaces.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { WorkspaceLoader } from './workspace.loader.js';

@Resolver('Workspace')
export class WorkspaceResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly workspaces: WorkspaceLoader,
    private readonly changes: ChangeFeed,
  ) {}

  @Query('workspace')
  async find(
    @Args('minPosition') minPosition: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): Promise<WorkspaceRecord | null> {
    await requirePosition(this.database, ['workspaces'], minPosition);
    return this.workspaces.load(context, context.workspaceId);
  }

  @Mutation('createWorkspace')
  create(@Args('input') input: InputOf<CreateWorkspace>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CreateWorkspace, input, workspacePayload, 'owner');
  }

  @Mutation('renameWorkspace')
  rename(@Args('input') input: InputOf<RenameWorkspace>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RenameWorkspace, input, workspacePayload, 'admin');
  }

  @Mutation('changeWorkspaceSettings')
  changeSettings(
    @Args('input') input: InputOf<ChangeWorkspaceSettings>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeWorkspaceSettings, input, workspacePayload, 'admin');
  }

  @Mutation('addHoliday')
  addHoliday(@Args('input') input: InputOf<AddHoliday>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AddHoliday, input, workspacePayload, 'manager');
  }

  @Mutation('removeHoliday')
  removeHoliday(
    @Args('input') input: InputOf<RemoveHoliday>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, RemoveHoliday, input, workspacePayload, 'manager');
  }

  @Subscription('workspaceChanged')
  changed(
    @Args('after') after: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): ReturnType<ChangeFeed['subscribe']> {
    const types = workspaceEvents.map(({ type }) => type);
    return this.changes.subscribe(
      context,
      'workspaceChanged',
      { filter: { types }, projections: ['workspaces'], after },
      () => ({}),
    );
  }
}

@Resolver('WorkspaceChanged')
export class WorkspaceChangedResolver {
  constructor(private readonly workspaces: WorkspaceLoader) {}

  @ResolveField('workspace')
  workspace(_parent: unknown, _args: unknown, context: ApiContext): Promise<WorkspaceRecord | null> {
    return this.workspaces.load(context, context.workspaceId);
  }
}

const workspacePayload = ({ id, state, version }: Accepted<WorkspaceState>): { workspace: WorkspaceRecord } => ({
  workspace: { id, name: state.name, ...state.settings, holidays: state.holidays, version },
});
