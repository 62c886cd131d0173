/** What happens to a project: its name, its workflow. Stream `project-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

/** The canonical statuses. Flow figures go by these; a project may name its own steps and map each to one of them. */
export const taskStatusSchema = z.enum(['TODO', 'IN_PROGRESS', 'IN_REVIEW', 'BLOCKED', 'DONE', 'ARCHIVED']);
export type TaskStatus = z.infer<typeof taskStatusSchema>;

/** A step of a project's workflow: `{ name: 'Patch Available', status: 'IN_REVIEW' }`. Names are unique in a project. */
export const workflowStepSchema = z.object({ name: z.string().min(1).max(100), status: taskStatusSchema });
export type WorkflowStep = z.infer<typeof workflowStepSchema>;

export const projectCreated = defineEvent(
  'work.ProjectCreated',
  z
    .object({
      key: z.string().describe('Short and upper case, for people: `FCREPO`.'),
      name: z.string(),
      description: z.string(),
      workflow: z.array(workflowStepSchema),
    })
    .describe('A project, with the steps that its tasks go through.'),
);
export const projectRenamed = defineEvent(
  'work.ProjectRenamed',
  z.object({ from: z.string(), to: z.string() }).describe('A project has another name.'),
);
export const projectDescribed = defineEvent(
  'work.ProjectDescribed',
  z.object({ from: z.string(), to: z.string() }).describe('A project has another description.'),
);
export const projectWorkflowChanged = defineEvent(
  'work.ProjectWorkflowChanged',
  z
    .object({ from: z.array(workflowStepSchema), to: z.array(workflowStepSchema) })
    .describe('The steps that tasks of a project go through changed.'),
);
export const projectArchived = defineEvent(
  'work.ProjectArchived',
  z.object({}).describe('A project is not worked on any more.'),
);
export const projectRestored = defineEvent(
  'work.ProjectRestored',
  z.object({}).describe('An archived project is worked on again.'),
);

export const projectEvents = [
  projectCreated,
  projectRenamed,
  projectDescribed,
  projectWorkflowChanged,
  projectArchived,
  projectRestored,
] as const;
export type ProjectEvent = EventOf<(typeof projectEvents)[number]>;
