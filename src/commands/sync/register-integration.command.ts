/** Registers where data comes from. */
import { z } from 'zod';
import type { IntegrationState } from '../../domain/sync/integration.decider.js';
import { integrationKindSchema } from '../../domain/sync/integration.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export type { IntegrationState } from '../../domain/sync/integration.decider.js';

/** JSON of at most 16 KB: an event carries it, and every reader of the integration. */
export const integrationConfigSchema = z
  .record(z.string(), z.json())
  .refine((config) => JSON.stringify(config).length <= 16_384, 'a configuration has at most 16,384 characters as JSON');

export const registerIntegrationInput = z.object({
  /** Given by connectors, so that the same source is the same integration; otherwise derived from the command. */
  id: z.uuid().optional(),
  kind: integrationKindSchema,
  name: z.string().trim().min(1).max(200),
  /** Kind-specific, without secrets. */
  config: integrationConfigSchema.nullish().transform((config) => config ?? {}),
});
export type RegisterIntegrationInput = z.input<typeof registerIntegrationInput>;

export class RegisterIntegration extends WorkspaceCommand<RegisterIntegrationInput, IntegrationState> {}
