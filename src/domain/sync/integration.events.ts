/** Where data comes from. Stream `integration-<id>`. Secrets never stand in an event. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

/** `file`: CSV, XLSX, JSON. `jira`: issues with changelog. `http`: pages of JSON. */
export const integrationKindSchema = z.enum(['file', 'jira', 'http']);

export const integrationRegistered = defineEvent(
  'sync.IntegrationRegistered',
  z
    .object({
      kind: integrationKindSchema,
      name: z.string(),
      config: z.record(z.string(), z.unknown()).describe('Kind-specific, without secrets.'),
    })
    .describe('A source of data was set up. Secrets never stand in an event.'),
);
export const integrationConfigured = defineEvent(
  'sync.IntegrationConfigured',
  z.object({ config: z.record(z.string(), z.unknown()) }).describe('The settings of a source changed.'),
);
export const integrationDisabled = defineEvent(
  'sync.IntegrationDisabled',
  z.object({ reason: z.string() }).describe('A source is not read any more.'),
);
export const integrationEnabled = defineEvent(
  'sync.IntegrationEnabled',
  z.object({}).describe('A source is read again.'),
);

export const integrationEvents = [
  integrationRegistered,
  integrationConfigured,
  integrationDisabled,
  integrationEnabled,
] as const;
export type IntegrationEvent = EventOf<(typeof integrationEvents)[number]>;
