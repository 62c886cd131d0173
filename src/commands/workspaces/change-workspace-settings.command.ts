/** Changes the workspace's calendar or money settings; what is left out or null stays. */
import { z } from 'zod';
import type { WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { currencySchema } from '../../domain/shared/money.js';
import { localTimeSchema, timeZoneSchema } from '../../domain/shared/time.js';
import { isoWeekdaySchema } from '../../domain/workspaces/workspace.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export const changeWorkspaceSettingsInput = z.object({
  timeZone: timeZoneSchema.nullish(),
  currency: currencySchema.nullish(),
  weekStart: isoWeekdaySchema.nullish(),
  workingDays: z.array(isoWeekdaySchema).max(7).nullish(),
  lateAfter: localTimeSchema.nullish(),
  expectedVersion: z.int().min(0).optional(),
});

export class ChangeWorkspaceSettings extends WorkspaceCommand<
  z.input<typeof changeWorkspaceSettingsInput>,
  WorkspaceState
> {}
