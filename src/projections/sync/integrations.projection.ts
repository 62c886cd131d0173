/** Which integrations does the workspace have, and are they on? */
import { integrationEvents, type IntegrationEvent } from '../../domain/sync/integration.events.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { defineEntity } from '../engine/projection.js';

export type IntegrationRow = {
  readonly integration_id: string;
  readonly kind: string;
  readonly name: string;
  readonly config: object;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly registered_at: string;
  readonly version: number;
};

export const integrationsProjection = defineEntity<IntegrationRow>()({
  name: 'integrations',
  version: 3,
  events: integrationEvents,
  category: 'integration',
  table: {
    name: 'integrations',
    columns: {
      integration_id: 'uuid',
      kind: 'text',
      name: 'text',
      config: 'json',
      enabled: 'boolean',
      disabled_reason: { type: 'text', nullable: true },
      registered_at: 'timestamptz',
      version: 'int',
    },
    key: ['integration_id'],
    // The list of integrations, by name.
    indexes: ['(workspace_id, name, integration_id)'],
  },
  key: (event) => ({ integration_id: event.streamName.slice('integration-'.length) }),
  evolve: (row, event) => {
    const next = evolveIntegration(row, event);
    return next && { ...next, version: event.revision + 1 };
  },
});

function evolveIntegration(
  row: IntegrationRow | undefined,
  event: RecordedEvent<IntegrationEvent>,
): IntegrationRow | undefined {
  const fact = event as IntegrationEvent;
  if (fact.type === 'sync.IntegrationRegistered') {
    return {
      integration_id: event.streamName.slice('integration-'.length),
      ...fact.data,
      enabled: true,
      disabled_reason: null,
      registered_at: event.metadata.occurredAt,
      version: 1,
    };
  }
  if (!row) return undefined;
  switch (fact.type) {
    case 'sync.IntegrationConfigured':
      return { ...row, config: fact.data.config };
    case 'sync.IntegrationDisabled':
      return { ...row, enabled: false, disabled_reason: fact.data.reason };
    case 'sync.IntegrationEnabled':
      return { ...row, enabled: true, disabled_reason: null };
  }
}
