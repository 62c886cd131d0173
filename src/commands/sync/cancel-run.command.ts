/** Ends a run because somebody said so. What it has brought in stays. */
import { z } from 'zod';
import type { SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const cancelRunInput = z.object({
  runId: z.uuid(),
  reason: z.string().trim().min(1).max(500),
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type CancelRunInput = z.input<typeof cancelRunInput>;

export class CancelRun extends WorkspaceCommand<CancelRunInput, SyncRunState> {}
