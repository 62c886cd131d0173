/** Makes a holiday an ordinary day again. */
import { z } from 'zod';
import type { WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';

export const removeHolidayInput = z.object({
  date: localDateSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class RemoveHoliday extends WorkspaceCommand<z.input<typeof removeHolidayInput>, WorkspaceState> {}
