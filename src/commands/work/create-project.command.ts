/** Makes a project. Its id comes from its key, so a workspace has each key once. */
import { z } from 'zod';
import type { ProjectState } from '../../domain/work/project.decider.js';
import { workflowStepSchema } from '../../domain/work/project.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export type { ProjectState };

export const projectNameSchema = z.string().trim().min(1, 'a name has 1 to 200 characters').max(200);
export const projectDescriptionSchema = z.string().max(50_000, 'a description has at most 50,000 characters');
/** A column each; more would not fit any board. */
export const workflowSchema = z.array(workflowStepSchema).min(1).max(50);

export const createProjectInput = z.object({
  /** For imported projects, derived from the source's own id. */
  id: z.uuid().optional(),
  key: z
    .string()
    .trim()
    .toUpperCase()
    .regex(/^[A-Z][A-Z0-9_]{0,19}$/, 'a key has 1 to 20 letters, digits or underscores and begins with a letter'),
  name: projectNameSchema,
  description: projectDescriptionSchema.nullish(),
  /** To Do, In Progress, In Review, Blocked, Done and Archived unless told. */
  workflow: workflowSchema.nullish(),
});

export class CreateProject extends WorkspaceCommand<z.input<typeof createProjectInput>, ProjectState> {}
