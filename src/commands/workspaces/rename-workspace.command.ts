/** Gives the workspace another name. */
import { z } from 'zod';
import type { WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { workspaceNameSchema } from './create-workspace.command.js';
import { WorkspaceCommand } from '../shared/command.js';

export const renameWorkspaceInput = z.object({
  name: workspaceNameSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class RenameWorkspace extends WorkspaceCommand<z.input<typeof renameWorkspaceInput>, WorkspaceState> {}
