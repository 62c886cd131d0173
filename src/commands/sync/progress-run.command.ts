/** Says how far a run has come: everything up to the cursor is in the log. */
import { z } from 'zod';
import type { SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { cursorSchema, runCountsSchema } from '../../domain/sync/sync-run.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export const progressRunInput = z.object({
  runId: z.uuid(),
  cursor: cursorSchema,
  counts: runCountsSchema,
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type ProgressRunInput = z.input<typeof progressRunInput>;

export class ProgressRun extends WorkspaceCommand<ProgressRunInput, SyncRunState> {}
