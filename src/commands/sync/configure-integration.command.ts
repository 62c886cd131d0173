/** Replaces the configuration of an integration. */
import { z } from 'zod';
import type { IntegrationState } from '../../domain/sync/integration.decider.js';
import { integrationConfigSchema } from './register-integration.command.js';
import { WorkspaceCommand } from '../shared/command.js';

export const configureIntegrationInput = z.object({
  integrationId: z.uuid(),
  config: integrationConfigSchema,
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type ConfigureIntegrationInput = z.input<typeof configureIntegrationInput>;

export class ConfigureIntegration extends WorkspaceCommand<ConfigureIntegrationInput, IntegrationState> {}
