/** Ends a run that can not go on. */
import { z } from 'zod';
import type { SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { runCountsSchema } from '../../domain/sync/sync-run.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export const failRunInput = z.object({
  runId: z.uuid(),
  reason: z.string().trim().min(1).max(500),
  /** Totals so far; those of the last progress when absent. */
  counts: runCountsSchema.optional(),
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type FailRunInput = z.input<typeof failRunInput>;

export class FailRun extends WorkspaceCommand<FailRunInput, SyncRunState> {}
