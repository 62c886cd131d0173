/** Closes a project for new work. Nothing is lost. */
import { z } from 'zod';
import type { ProjectState } from '../../domain/work/project.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const archiveProjectInput = z.object({
  projectId: z.uuid(),

  expectedVersion: z.int().min(0).optional(),
});

export class ArchiveProject extends WorkspaceCommand<z.input<typeof archiveProjectInput>, ProjectState> {}
