/** Opens an archived project again. */
import { z } from 'zod';
import type { ProjectState } from '../../domain/work/project.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const restoreProjectInput = z.object({
  projectId: z.uuid(),

  expectedVersion: z.int().min(0).optional(),
});

export class RestoreProject extends WorkspaceCommand<z.input<typeof restoreProjectInput>, ProjectState> {}
