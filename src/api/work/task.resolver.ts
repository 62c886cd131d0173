/** Tasks over GraphQL: lists, boards, and what belongs to a task. Its mutations stand in `task-mutations.resolver.ts`. */
import { Args, Context, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { taskEvents } from '../../domain/work/task.events.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import type { LabelRecord } from '../../projections/work/labels.queries.js';
import type { ProjectRecord } from '../../projections/work/projects.queries.js';
import {
  taskOrders,
  TaskQueries,
  type AssignmentRecord,
  type StatusSpanRecord,
  type TaskFilter,
  type TaskOrder,
  type TaskRecord,
} from '../../projections/work/tasks.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import type { ApiContext } from '../shared/request-context.js';
import { LabelLoader } from './label.loader.js';
import { ProjectLoader } from './project.loader.js';
import { AssignmentLoader, StatusSpanLoader, TaskLoader } from './task.loader.js';

// A task is read with its project, its labels and its people.
export const TASK_READS = ['tasks', 'projects', 'labels', 'members'];

interface TasksArguments extends PageArguments {
  readonly filter?: TaskFilter | null;
  readonly orderBy?: TaskOrder | null;
  readonly minPosition?: LogPosition | null;
}

type TaskPage = Connection<TaskRecord> & { readonly filter: TaskFilter };

/** A task as a query or a mutation gives it; only the former knows how it flowed. */
export type TaskParent = Omit<TaskRecord, 'firstActiveAt' | 'doneAt'> &
  Partial<Pick<TaskRecord, 'firstActiveAt' | 'doneAt'>>;

@Resolver('Task')
export class TaskResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly queries: TaskQueries,
    private readonly tasks: TaskLoader,
    private readonly spans: StatusSpanLoader,
    private readonly assignments: AssignmentLoader,
    private readonly projects: ProjectLoader,
    private readonly labelsById: LabelLoader,
    private readonly changes: ChangeFeed,
  ) {}

  @Query('task')
  async find(
    @Args('id') id: string,
    @Args('minPosition') minPosition: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): Promise<TaskRecord | null> {
    await requirePosition(this.database, TASK_READS, minPosition);
    return this.tasks.load(context, id);
  }

  @Query('tasks')
  async list(@Args() args: TasksArguments, @Context() context: ApiContext): Promise<TaskPage> {
    await requirePosition(this.database, TASK_READS, args.minPosition);
    const filter = args.filter ?? {};
    const orderBy = args.orderBy ?? 'NEWEST';
    const page = await connection(args, taskOrders[orderBy], (request) =>
      this.queries.page(context.workspaceId, filter, orderBy, request),
    );
    // Not a copy: that would make all the cursors.
    return Object.assign(page, { filter });
  }

  @ResolveField('project')
  project(task: TaskParent, _args: unknown, context: ApiContext): Promise<ProjectRecord | null> {
    return this.projects.load(context, task.projectId);
  }

  @ResolveField('labels')
  labels(task: TaskParent, _args: unknown, context: ApiContext): Promise<LabelRecord[]> {
    return this.labelsById.loadMany(context, task.labelIds);
  }

  @ResolveField('createdBy')
  createdBy(task: TaskParent): { readonly kind: string; readonly id: string } {
    return { kind: task.createdByKind, id: task.createdById };
  }

  @ResolveField('flow')
  async flow(task: TaskParent, _args: unknown, context: ApiContext): Promise<object | null> {
    const shown = task.doneAt === undefined ? await this.tasks.load(context, task.id) : task;
    if (!shown) return null;
    const { firstActiveAt = null, doneAt = null, createdAt } = shown;
    const cycleTimeDays = doneAt && firstActiveAt ? daysBetween(firstActiveAt, doneAt) : null;
    return { firstActiveAt, doneAt, leadTimeDays: doneAt ? daysBetween(createdAt, doneAt) : null, cycleTimeDays };
  }

  @ResolveField('statusHistory')
  async statusHistory(task: TaskParent, _args: unknown, context: ApiContext): Promise<readonly StatusSpanRecord[]> {
    return (await this.spans.load(context, task.id)) ?? [];
  }

  @ResolveField('assignmentHistory')
  async assignmentHistory(task: TaskParent, _args: unknown, context: ApiContext): Promise<readonly AssignmentRecord[]> {
    return (await this.assignments.load(context, task.id)) ?? [];
  }

  @Subscription('taskChanged')
  changed(
    @Args('projectId') projectId: string | null | undefined,
    @Args('after') after: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): ReturnType<ChangeFeed['subscribe']> {
    const request = {
      filter: { types: taskEvents.map(({ type }) => type) },
      projections: TASK_READS,
      after,
      ...(projectId != null && {
        matches: async ({ thingId }: { readonly thingId: string }, shared: ApiContext) =>
          (await this.tasks.load(shared, thingId))?.projectId === projectId,
      }),
    };
    return this.changes.subscribe(context, 'taskChanged', request, ({ thingId }) => ({ taskId: thingId }));
  }
}

const daysBetween = (from: string | Date, to: string | Date): number =>
  (new Date(to).getTime() - new Date(from).getTime()) / 86_400_000;

@Resolver('TaskConnection')
export class TaskConnectionResolver {
  constructor(private readonly queries: TaskQueries) {}

  @ResolveField('totalCount')
  totalCount(page: TaskPage, _args: unknown, context: ApiContext): Promise<number> {
    return this.queries.count(context.workspaceId, page.filter);
  }
}

@Resolver('TaskChanged')
export class TaskChangedResolver {
  constructor(private readonly tasks: TaskLoader) {}

  @ResolveField('task')
  task(change: { readonly taskId: string }, _args: unknown, context: ApiContext): Promise<TaskRecord | null> {
    return this.tasks.load(context, change.taskId);
  }
}
