/** Says anew what a project is about. */
import { z } from 'zod';
import type { ProjectState } from '../../domain/work/project.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { projectDescriptionSchema } from './create-project.command.js';

export const describeProjectInput = z.object({
  projectId: z.uuid(),
  description: projectDescriptionSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class DescribeProject extends WorkspaceCommand<z.input<typeof describeProjectInput>, ProjectState> {}
