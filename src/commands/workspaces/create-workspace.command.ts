/** Makes a workspace. Its id is the context's workspace: whoever creates one chooses the id first, and gets a token for it. */
import { z } from 'zod';
import type { WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { changeWorkspaceSettingsInput } from './change-workspace-settings.command.js';

export type { WorkspaceState };

export const workspaceNameSchema = z.string().trim().min(1, 'a name has 1 to 200 characters').max(200);

export const createWorkspaceInput = z.object({
  name: workspaceNameSchema,
  /** What is left out gets its default: UTC, EUR, weeks from Monday, Monday to Friday, late after 09:30. */
  settings: changeWorkspaceSettingsInput.omit({ expectedVersion: true }).nullish(),
});

export class CreateWorkspace extends WorkspaceCommand<z.input<typeof createWorkspaceInput>, WorkspaceState> {}
