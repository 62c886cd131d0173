/** A project's board over GraphQL. */
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import type { ProjectRecord } from '../../projections/work/projects.queries.js';
import { TaskQueries, type TaskRecord } from '../../projections/work/tasks.queries.js';
import { badInput } from '../shared/errors.js';
import { requirePosition } from '../shared/freshness.js';
import { groupByKey } from '../shared/loader.js';
import type { ApiContext } from '../shared/request-context.js';
import { ProjectLoader } from './project.loader.js';
import { TASK_READS } from './task.resolver.js';

interface BoardArguments {
  readonly projectId: string;
  readonly tasksPerColumn?: number | null;
  readonly minPosition?: LogPosition | null;
}

interface Board {
  readonly project: ProjectRecord;
  readonly columns: readonly {
    readonly name: string;
    readonly status: string;
    readonly count: number;
    readonly tasks: readonly TaskRecord[];
  }[];
}

/** What a screen shows at once; the rest comes by the list, in the order of the board. */
const DEFAULT_TASKS = 50;
const MAX_TASKS = 200;

@Resolver('Board')
export class BoardResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly tasks: TaskQueries,
    private readonly projects: ProjectLoader,
  ) {}

  @Query('board')
  async board(@Args() args: BoardArguments, @Context() context: ApiContext): Promise<Board | null> {
    const limit = args.tasksPerColumn ?? DEFAULT_TASKS;
    if (limit < 1 || limit > MAX_TASKS)
      throw badInput(`\`tasksPerColumn\` is from 1 to ${MAX_TASKS}; you sent ${limit}.`, 'tasksPerColumn');
    await requirePosition(this.database, TASK_READS, args.minPosition);
    const { workspaceId } = context;
    const [project, counts] = await Promise.all([
      this.projects.load(context, args.projectId),
      this.tasks.columns(workspaceId, args.projectId),
    ]);
    if (!project) return null;
    const steps = [...project.workflow];
    for (const { status, statusName } of counts) {
      if (!steps.some(({ name }) => name === statusName)) steps.push({ name: statusName, status });
    }
    const names = steps.map(({ name }) => name);
    const shown = await this.tasks.topOfColumns(workspaceId, args.projectId, names, limit);
    const byColumn = groupByKey(shown, ({ statusName }) => statusName);
    const inColumn = groupByKey(counts, ({ statusName }) => statusName);
    const columns = steps.map(({ name, status }) => ({
      name,
      status,
      // A step that was given another canonical status counts tasks of before and after.
      count: (inColumn.get(name) ?? []).reduce((sum, { count }) => sum + count, 0),
      tasks: byColumn.get(name) ?? [],
    }));
    return { project, columns };
  }
}
