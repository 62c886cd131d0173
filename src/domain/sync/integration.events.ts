/** Where data comes from. Stream `integration-<id>`. Secrets never stand in an event. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

/** `file`: CSV, XLSX, JSON. `jira`: issues with changelog. `http`: pages of JSON. */
export const integrationKindSchema = z.enum(['file', 'jira', 'http']);

export const integrationRegistered = defineEvent(
  'sync.IntegrationRegistered',
  z.object({
    kind: integrationKindSchema,
    name: z.string(),
    /** kind-specific, without secrets */ config: z.record(z.string(), z.unknown()),
  }),
);
export const integrationConfigured = defineEvent(
  'sync.IntegrationConfigured',
  z.object({ config: z.record(z.string(), z.unknown()) }),
);
export const integrationDisabled = defineEvent('sync.IntegrationDisabled', z.object({ reason: z.string() }));
export const integrationEnabled = defineEvent('sync.IntegrationEnabled', z.object({}));

export const integrationEvents = [
  integrationRegistered,
  integrationConfigured,
  integrationDisabled,
  integrationEnabled,
] as const;
export type IntegrationEvent = EventOf<(typeof integrationEvents)[number]>;
