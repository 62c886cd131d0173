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
  /** The work item type, in the project's own words: `Task`, `Bug`, `Story`. */
  type: z.string(),
  priority: taskPrioritySchema,
  storyPoints: z.int().nullable(),
  dueDate: instantSchema.nullable(),
});
export type TaskDetails = z.infer<typeof taskDetailsSchema>;

/** A step of the project's workflow and the canonical status it stands for. */
export const taskStepSchema = z.object({ status: taskStatusSchema, statusName: z.string() });

export const taskCreated = defineEvent(
  'work.TaskCreated',
  taskDetailsSchema.extend({
    projectId: z.uuid(),
    /** The id people use elsewhere, such as `FCREPO-4`; null for tasks born here. */
    externalKey: z.string().nullable(),
    ...taskStepSchema.shape,
    /** Fractional ordering key within (project, status); compared by bytes, ties by id. */
    position: z.string(),
    assigneeIds: z.array(z.uuid()),
    labelIds: z.array(z.uuid()),
  }),
);
/** Only the details that changed. */
export const taskDetailsChanged = defineEvent(
  'work.TaskDetailsChanged',
  z.object({ from: taskDetailsSchema.partial(), to: taskDetailsSchema.partial() }),
);
export const taskStatusChanged = defineEvent(
  'work.TaskStatusChanged',
  z.object({ from: taskStepSchema, to: taskStepSchema, /** in the new column */ position: z.string() }),
);
export const taskMoved = defineEvent('work.TaskMoved', z.object({ from: z.string(), to: z.string() }));
export const taskAssigned = defineEvent('work.TaskAssigned', z.object({ assigneeId: z.uuid() }));
export const taskUnassigned = defineEvent('work.TaskUnassigned', z.object({ assigneeId: z.uuid() }));
export const taskLabelled = defineEvent('work.TaskLabelled', z.object({ labelId: z.uuid() }));
export const taskUnlabelled = defineEvent('work.TaskUnlabelled', z.object({ labelId: z.uuid() }));
export const taskDeleted = defineEvent('work.TaskDeleted', z.object({}));
export const taskRestored = defineEvent('work.TaskRestored', z.object({}));

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
