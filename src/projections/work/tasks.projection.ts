/**
 * How does each task stand, and how did it get there? One row per task for lists and boards, with the facts of its flow:
 * when work began, when it was done, how often it came back, and who had it. Beside it a row for each stay in a
 * status, and for each time it passed from one person to another.
 */
import { taskEvents } from '../../domain/work/task.events.js';
import { defineEntity } from '../engine/projection.js';
import { evolveTaskRow, taskIdOf, type TaskRow } from './task-row.js';

export const tasksProjection = defineEntity<TaskRow>()({
  name: 'tasks',
  version: 4,
  events: taskEvents,
  category: 'task',
  table: {
    name: 'tasks',
    columns: {
      id: 'uuid',
      project_id: 'uuid',
      external_key: { type: 'text', nullable: true },
      title: 'text',
      description: 'text',
      type: 'text',
      priority: 'text',
      /** 1 for CRITICAL … 4 for LOW. */
      priority_rank: 'int',
      story_points: { type: 'int', nullable: true },
      due_date: { type: 'timestamptz', nullable: true },
      status: 'text',
      status_name: 'text',
      position: { type: 'text', collate: 'C' },
      assignee_ids: 'uuid[]',
      label_ids: 'uuid[]',
      created_by_kind: 'text',
      created_by_id: 'text',
      created_at: 'timestamptz',
      updated_at: 'timestamptz',
      deleted: 'boolean',
      version: 'int',
      first_active_at: { type: 'timestamptz', nullable: true },
      done_at: { type: 'timestamptz', nullable: true },
      spans: 'json',
      assignments: 'json',
      reassigned_at: 'json',
      unassigned_at: { type: 'timestamptz', nullable: true },
    },
    key: ['id'],
    indexes: [
      // The board: a column of a project, in its order.
      '(workspace_id, project_id, status_name, position, id)',
      // Lists, newest first, of the workspace and of a project.
      '(workspace_id, created_at, id)',
      '(workspace_id, project_id, created_at, id)',
      // What changed last.
      '(workspace_id, updated_at, id)',
      // Throughput, lead and cycle time.
      '(workspace_id, project_id, done_at)',
      // A task by the id people use elsewhere.
      '(workspace_id, external_key)',
    ],
  },
  key: (event) => ({ id: taskIdOf(event) }),
  evolve: evolveTaskRow,
  details: [
    {
      name: 'task_status_spans',
      columns: {
        id: 'uuid',
        /** 0 for the first stay. */
        seq: 'int',
        project_id: 'uuid',
        status: 'text',
        status_name: 'text',
        from_at: 'timestamptz',
        /** Null: it is there now. */
        to_at: { type: 'timestamptz', nullable: true },
        /** It had been done before and came back. */
        reopened: 'boolean',
      },
      key: ['id', 'seq'],
      // Counts per status as of a day.
      indexes: ['(workspace_id, project_id, from_at)'],
      rows: (task) =>
        task.deleted
          ? []
          : task.spans.map((span, seq) => ({
              id: task.id,
              seq,
              project_id: task.project_id,
              status: span.status,
              status_name: span.statusName,
              from_at: span.from,
              to_at: span.to,
              reopened: span.reopened,
            })),
    },
    {
      name: 'task_reassignments',
      columns: { id: 'uuid', seq: 'int', project_id: 'uuid', at: 'timestamptz' },
      key: ['id', 'seq'],
      rows: (task) =>
        task.deleted
          ? []
          : task.reassigned_at.map((at, seq) => ({ id: task.id, seq, project_id: task.project_id, at })),
    },
  ],
});
