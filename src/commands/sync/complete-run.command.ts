/** Ends a run that has read its whole source. */
import { z } from 'zod';
import type { SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { runCountsSchema } from '../../domain/sync/sync-run.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export const completeRunInput = z.object({
  runId: z.uuid(),
  counts: runCountsSchema,
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type CompleteRunInput = z.input<typeof completeRunInput>;

export class CompleteRun extends WorkspaceCommand<CompleteRunInput, SyncRunState> {}
