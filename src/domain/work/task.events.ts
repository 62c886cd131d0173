/** What happens to a task. Stream `task-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';
import { instantSchema } from '../shared/time.js';
import { taskStatusSchema } from './project.events.js';

export const taskPrioritySchema = z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']);
export type TaskPriority = z.infer<typeof taskPrioritySchema>;

/** What a person edits in a form. */
export const taskDetailsSchema = z.object({
  title: z.string(),
  description: z.string(),
  type: z.string().describe("The work item type, in the project's own words: `Task`, `Bug`, `Story`."),
  priority: taskPrioritySchema,
  storyPoints: z.int().nullable(),
  dueDate: instantSchema.nullable(),
});
export type TaskDetails = z.infer<typeof taskDetailsSchema>;

/** A step of the project's workflow and the canonical status it stands for. */
export const taskStepSchema = z.object({ status: taskStatusSchema, statusName: z.string() });

export const taskCreated = defineEvent(
  'work.TaskCreated',
  taskDetailsSchema
    .extend({
      projectId: z.uuid(),
      externalKey: z
        .string()
        .nullable()
        .describe('The id people use elsewhere, such as `FCREPO-4`; null for tasks born here.'),
      ...taskStepSchema.shape,
      position: z.string().describe('Fractional ordering key within (project, status); compared by bytes, ties by id.'),
      assigneeIds: z.array(z.uuid()),
      labelIds: z.array(z.uuid()),
    })
    .describe('A task.'),
);
export const taskDetailsChanged = defineEvent(
  'work.TaskDetailsChanged',
  z
    .object({ from: taskDetailsSchema.partial(), to: taskDetailsSchema.partial() })
    .describe('What a person edits in a form: only the details that changed.'),
);
export const taskStatusChanged = defineEvent(
  'work.TaskStatusChanged',
  z
    .object({ from: taskStepSchema, to: taskStepSchema, position: z.string().describe('In the new column.') })
    .describe('A task went from one step of the workflow to another.'),
);
export const taskMoved = defineEvent(
  'work.TaskMoved',
  z
    .object({ from: z.string(), to: z.string() })
    .describe('A task has another place in its column: ordering keys before and after.'),
);
export const taskAssigned = defineEvent(
  'work.TaskAssigned',
  z.object({ assigneeId: z.uuid() }).describe('A task was given to a member.'),
);
export const taskUnassigned = defineEvent(
  'work.TaskUnassigned',
  z.object({ assigneeId: z.uuid() }).describe('A task was taken from a member.'),
);
export const taskLabelled = defineEvent(
  'work.TaskLabelled',
  z.object({ labelId: z.uuid() }).describe('A task carries a label.'),
);
export const taskUnlabelled = defineEvent(
  'work.TaskUnlabelled',
  z.object({ labelId: z.uuid() }).describe('A task does not carry a label any more.'),
);
export const taskDeleted = defineEvent(
  'work.TaskDeleted',
  z.object({}).describe('A task was deleted; it can be restored.'),
);
export const taskRestored = defineEvent('work.TaskRestored', z.object({}).describe('A deleted task is back.'));

export const taskEvents = [
  taskCreated,
  taskDetailsChanged,
  taskStatusChanged,
  taskMoved,
  taskAssigned,
  taskUnassigned,
  taskLabelled,
  taskUnlabelled,
  taskDeleted,
  taskRestored,
] as const;
export type TaskEvent = EventOf<(typeof taskEvents)[number]>;
