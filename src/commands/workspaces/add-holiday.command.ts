/** Names a day on which the workspace does not work. */
import { z } from 'zod';
import type { WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';

export const addHolidayInput = z.object({
  date: localDateSchema,
  name: z.string().trim().min(1).max(200),
  expectedVersion: z.int().min(0).optional(),
});

export class AddHoliday extends WorkspaceCommand<z.input<typeof addHolidayInput>, WorkspaceState> {}
