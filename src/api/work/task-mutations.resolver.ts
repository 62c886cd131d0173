/** What can be done to a task over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { AssignTask } from '../../commands/work/assign-task.command.js';
import { ChangeTaskStatus } from '../../commands/work/change-task-status.command.js';
import { CreateTask, type TaskState } from '../../commands/work/create-task.command.js';
import { DeleteTask } from '../../commands/work/delete-task.command.js';
import { LabelTask } from '../../commands/work/label-task.command.js';
import { MoveTask } from '../../commands/work/move-task.command.js';
import { RestoreTask } from '../../commands/work/restore-task.command.js';
import { SetTaskAssignees } from '../../commands/work/set-task-assignees.command.js';
import { UnassignTask } from '../../commands/work/unassign-task.command.js';
import { UnlabelTask } from '../../commands/work/unlabel-task.command.js';
import { UpdateTask } from '../../commands/work/update-task.command.js';
import { TaskQueries } from '../../projections/work/tasks.queries.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import type { TaskParent } from './task.resolver.js';

@Resolver()
export class TaskMutationsResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly tasks: TaskQueries,
  ) {}

  @Mutation('createTask')
  create(@Args('input') input: InputOf<CreateTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CreateTask, input, taskPayload);
  }

  @Mutation('updateTask')
  update(@Args('input') input: InputOf<UpdateTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, UpdateTask, input, taskPayload);
  }

  @Mutation('changeTaskStatus')
  changeStatus(
    @Args('input') input: InputOf<ChangeTaskStatus>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeTaskStatus, input, taskPayload);
  }

  @Mutation('moveTask')
  async move(@Args('input') input: InputOf<MoveTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, MoveTask, await this.betweenBoth(input, context), taskPayload);
  }

  @Mutation('assignTask')
  assign(@Args('input') input: InputOf<AssignTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AssignTask, input, taskPayload);
  }

  @Mutation('unassignTask')
  unassign(@Args('input') input: InputOf<UnassignTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, UnassignTask, input, taskPayload);
  }

  @Mutation('setTaskAssignees')
  setAssignees(
    @Args('input') input: InputOf<SetTaskAssignees>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, SetTaskAssignees, input, taskPayload);
  }

  @Mutation('labelTask')
  label(@Args('input') input: InputOf<LabelTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, LabelTask, input, taskPayload);
  }

  @Mutation('unlabelTask')
  unlabel(@Args('input') input: InputOf<UnlabelTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, UnlabelTask, input, taskPayload);
  }

  @Mutation('deleteTask')
  remove(@Args('input') input: InputOf<DeleteTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    const ofOthers = hasRole(context, 'manager');
    return mutate(this.bus, context, DeleteTask, { ...input, ofOthers }, taskPayload);
  }

  @Mutation('restoreTask')
  restore(@Args('input') input: InputOf<RestoreTask>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RestoreTask, input, taskPayload);
  }

  /** Of a client that names one neighbour, the other one is looked up on the board. */
  private async betweenBoth(input: InputOf<MoveTask>, context: ApiContext): Promise<InputOf<MoveTask>> {
    const { taskId, afterTaskId, beforeTaskId } = input;
    if (afterTaskId && !beforeTaskId) {
      const next = await this.tasks.neighbour(context.workspaceId, afterTaskId, 'behind', taskId);
      return { ...input, beforeTaskId: next };
    }
    if (beforeTaskId && !afterTaskId) {
      const previous = await this.tasks.neighbour(context.workspaceId, beforeTaskId, 'inFront', taskId);
      return { ...input, afterTaskId: previous };
    }
    return input;
  }
}

const taskPayload = ({ id, state, version }: Accepted<TaskState>): { task: TaskParent } => {
  const { lifecycle, createdBy, ...task } = state;
  return {
    task: {
      id,
      ...task,
      createdByKind: createdBy?.kind ?? 'system',
      createdById: createdBy?.id ?? '',
      deleted: lifecycle === 'deleted',
      version,
    },
  };
};
