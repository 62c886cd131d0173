/** Projects over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { ArchiveProject } from '../../commands/work/archive-project.command.js';
import { ChangeProjectWorkflow } from '../../commands/work/change-project-workflow.command.js';
import { CreateProject, type ProjectState } from '../../commands/work/create-project.command.js';
import { DescribeProject } from '../../commands/work/describe-project.command.js';
import { RenameProject } from '../../commands/work/rename-project.command.js';
import { RestoreProject } from '../../commands/work/restore-project.command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { projectEvents } from '../../domain/work/project.events.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { projectOrder, ProjectQueries, type ProjectRecord } from '../../projections/work/projects.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { badInput } from '../shared/errors.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { ProjectLoader } from './project.loader.js';

interface ProjectArguments {
  readonly id?: string | null;
  readonly key?: string | null;
  readonly minPosition?: LogPosition | null;
}

interface ProjectsArguments extends PageArguments {
  readonly includeArchived?: boolean | null;
  readonly minPosition?: LogPosition | null;
}

@Resolver('Project')
export class ProjectResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: ProjectQueries,
    private readonly projects: ProjectLoader,
    private readonly changes: ChangeFeed,
  ) {}

  @Query('project')
  async find(
    @Args() { id, key, minPosition }: ProjectArguments,
    @Context() context: ApiContext,
  ): Promise<ProjectRecord | null> {
    if ((id == null) === (key == null)) throw badInput('Name the project either by `id` or by `key`.', 'id');
    await requirePosition(this.database, ['projects'], minPosition);
    if (id != null) return this.projects.load(context, id);
    return (await this.queries.byKey(context.workspaceId, key ?? '')) ?? null;
  }

  @Query('projects')
  async list(@Args() args: ProjectsArguments, @Context() context: ApiContext): Promise<Connection<ProjectRecord>> {
    await requirePosition(this.database, ['projects'], args.minPosition);
    return connection(args, projectOrder, (page) =>
      this.queries.page(context.workspaceId, args.includeArchived ?? false, page),
    );
  }

  @Mutation('createProject')
  create(@Args('input') input: InputOf<CreateProject>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CreateProject, input, projectPayload, 'manager');
  }

  @Mutation('renameProject')
  rename(@Args('input') input: InputOf<RenameProject>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RenameProject, input, projectPayload, 'manager');
  }

  @Mutation('describeProject')
  describe(@Args('input') input: InputOf<DescribeProject>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, DescribeProject, input, projectPayload, 'manager');
  }

  @Mutation('changeProjectWorkflow')
  changeWorkflow(
    @Args('input') input: InputOf<ChangeProjectWorkflow>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeProjectWorkflow, input, projectPayload, 'manager');
  }

  @Mutation('archiveProject')
  archive(@Args('input') input: InputOf<ArchiveProject>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, ArchiveProject, input, projectPayload, 'manager');
  }

  @Mutation('restoreProject')
  restore(@Args('input') input: InputOf<RestoreProject>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RestoreProject, input, projectPayload, 'manager');
  }

  @Subscription('projectChanged')
  changed(
    @Args('after') after: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): ReturnType<ChangeFeed['subscribe']> {
    const types = projectEvents.map(({ type }) => type);
    const request = { filter: { types }, projections: ['projects'], after };
    return this.changes.subscribe(context, 'projectChanged', request, ({ thingId }) => ({ projectId: thingId }));
  }
}

@Resolver('ProjectChanged')
export class ProjectChangedResolver {
  constructor(private readonly projects: ProjectLoader) {}

  @ResolveField('project')
  project(change: { readonly projectId: string }, _args: unknown, context: ApiContext): Promise<ProjectRecord | null> {
    return this.projects.load(context, change.projectId);
  }
}

const projectPayload = ({ id, state, version }: Accepted<ProjectState>): { project: ProjectRecord } => {
  const { lifecycle, ...project } = state;
  return { project: { id, ...project, archived: lifecycle === 'archived', version } };
};
