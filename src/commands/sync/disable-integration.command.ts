/** Switches an integration off: it starts no more runs until it is enabled again. */
import { z } from 'zod';
import type { IntegrationState } from '../../domain/sync/integration.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const disableIntegrationInput = z.object({
  integrationId: z.uuid(),
  reason: z.string().trim().min(1).max(500),
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type DisableIntegrationInput = z.input<typeof disableIntegrationInput>;

export class DisableIntegration extends WorkspaceCommand<DisableIntegrationInput, IntegrationState> {}
