/** Tasks, and their stays in each status and with each person, by id: one statement each per request. */
import { Injectable } from '@nestjs/common';
import {
  TaskQueries,
  type AssignmentRecord,
  type StatusSpanRecord,
  type TaskRecord,
} from '../../projections/work/tasks.queries.js';
import { BatchLoader, byKey, groupByKey } from '../shared/loader.js';

@Injectable()
export class TaskLoader extends BatchLoader<TaskRecord> {
  protected override readonly category = 'task';

  constructor(private readonly tasks: TaskQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, TaskRecord>> {
    return byKey(await this.tasks.byIds(workspaceId, ids), ({ id }) => id);
  }
}

@Injectable()
export class StatusSpanLoader extends BatchLoader<readonly StatusSpanRecord[]> {
  protected override readonly category = 'task';

  constructor(private readonly tasks: TaskQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    taskIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly StatusSpanRecord[]>> {
    return groupByKey(await this.tasks.statusSpans(workspaceId, taskIds), ({ taskId }) => taskId);
  }
}

@Injectable()
export class AssignmentLoader extends BatchLoader<readonly AssignmentRecord[]> {
  protected override readonly category = 'task';

  constructor(private readonly tasks: TaskQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    taskIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly AssignmentRecord[]>> {
    const rows = await this.tasks.assignments(workspaceId, taskIds);
    return new Map(rows.map(({ id, assignments }) => [id, assignments]));
  }
}
