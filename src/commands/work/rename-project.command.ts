/** Gives a project another name; its key stays. */
import { z } from 'zod';
import type { ProjectState } from '../../domain/work/project.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { projectNameSchema } from './create-project.command.js';

export const renameProjectInput = z.object({
  projectId: z.uuid(),
  name: projectNameSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class RenameProject extends WorkspaceCommand<z.input<typeof renameProjectInput>, ProjectState> {}
