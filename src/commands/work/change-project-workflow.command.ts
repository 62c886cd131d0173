/** Gives a project other steps. Tasks in a step that is gone stay there until they are moved. */
import { z } from 'zod';
import type { ProjectState } from '../../domain/work/project.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { workflowSchema } from './create-project.command.js';

export const changeProjectWorkflowInput = z.object({
  projectId: z.uuid(),
  workflow: workflowSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class ChangeProjectWorkflow extends WorkspaceCommand<z.input<typeof changeProjectWorkflowInput>, ProjectState> {}
