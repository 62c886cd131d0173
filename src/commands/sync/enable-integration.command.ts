/** Switches an integration on again. */
import { z } from 'zod';
import type { IntegrationState } from '../../domain/sync/integration.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const enableIntegrationInput = z.object({
  integrationId: z.uuid(),

  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type EnableIntegrationInput = z.input<typeof enableIntegrationInput>;

export class EnableIntegration extends WorkspaceCommand<EnableIntegrationInput, IntegrationState> {}
