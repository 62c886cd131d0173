/** Makes a task at the end of its column. */
import { z } from 'zod';
import { instantSchema } from '../../domain/shared/time.js';
import { MAX_ASSIGNEES, MAX_LABELS } from '../../domain/work/task.decider.js';
import { taskPrioritySchema } from '../../domain/work/task.events.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export type { TaskState };

/** What people may write into a task's fields. */
export const taskFields = {
  title: z.string().trim().min(3, 'a title has 3 to 200 characters').max(200, 'a title has 3 to 200 characters'),
  description: z.string().max(50_000, 'a description has at most 50,000 characters'),
  type: z.string().trim().min(1, 'a type has 1 to 100 characters').max(100, 'a type has 1 to 100 characters'),
  priority: taskPrioritySchema,
  storyPoints: z.int().min(1, 'story points are 1 to 21').max(21, 'story points are 1 to 21').nullable(),
  dueDate: instantSchema.nullable(),
};

/** What other systems hold: their limits are wider (Jira's titles have 1 to 255 characters), and nothing real is lost for ours. */
export const importedTaskFields = {
  ...taskFields,
  title: z.string().trim().min(1).max(1_000),
  description: z.string().max(1_000_000),
  storyPoints: z.int().min(0).max(100_000).nullable(),
};

const createFields = (fields: typeof taskFields) =>
  z.object({
    /** For imported tasks, derived from the source's own id; otherwise from the command's id. */
    id: z.uuid().optional(),
    projectId: z.uuid(),
    title: fields.title,
    description: fields.description.nullish(),
    type: fields.type.nullish(),
    priority: fields.priority.nullish(),
    /** A step of the project's workflow, by name or canonical status; the first that is to do unless told. */
    status: z.string().max(100).nullish(),
    storyPoints: fields.storyPoints.optional(),
    dueDate: fields.dueDate.optional(),
    assigneeIds: z.array(z.uuid()).max(MAX_ASSIGNEES).nullish(),
    labelIds: z.array(z.uuid()).max(MAX_LABELS).nullish(),
    /** The id people use elsewhere, such as FCREPO-4. */
    externalKey: z.string().trim().min(1).max(200).nullish(),
  });

export const createTaskInput = createFields(taskFields);
export const importTaskInput = createFields(importedTaskFields);

export class CreateTask extends WorkspaceCommand<z.input<typeof createTaskInput>, TaskState> {}
