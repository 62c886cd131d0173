/** Starts a run of an enabled integration. */
import { z } from 'zod';
import type { SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { cursorSchema } from '../../domain/sync/sync-run.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export type { SyncRunState } from '../../domain/sync/sync-run.decider.js';

export const startRunInput = z.object({
  /** Given by connectors, so that the same files are the same run; otherwise derived from the command. */
  id: z.uuid().optional(),
  integrationId: z.uuid(),
  /** What is brought in: `sales`, `attendance`, `tasks`. */
  subject: z.string().trim().min(1).max(50),
  sources: z
    .array(
      z.object({
        name: z.string().min(1).max(500),
        fingerprint: z
          .string()
          .max(200)
          .nullish()
          .transform((given) => given ?? null),
      }),
    )
    .max(100)
    .nullish()
    .transform((given) => given ?? []),
  /** Where to begin; at the beginning when null. */
  cursor: cursorSchema.nullish().transform((given) => given ?? null),
});
export type StartRunInput = z.input<typeof startRunInput>;

export class StartRun extends WorkspaceCommand<StartRunInput, SyncRunState> {}
