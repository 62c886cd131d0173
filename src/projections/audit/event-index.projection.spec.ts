import { describe, expect, it } from 'vitest';
import { eventIndexRow } from './event-index.projection.js';

const id = (last: string): string => `5f0c2c5e-6f0a-5c58-9b1e-0d7a3a5b6c${last}`;

describe('a row of the event index', () => {
  it('says what happened to what, by whom and when, and nothing of what was said', () => {
    const row = eventIndexRow({
      id: id('01'),
      streamName: `sync-run-${id('02')}`,
      revision: 4,
      position: { commit: 12n, prepare: 11n },
      type: 'sync.RunProgressed',
      data: { name: 'Ann Example' },
      recordedAt: '2026-11-21T10:00:00.000Z',
      metadata: {
        workspaceId: id('03'),
        actor: { kind: 'integration', id: 'tills' },
        commandId: id('04'),
        $correlationId: id('05'),
        $causationId: id('06'),
        schemaVersion: 1,
        occurredAt: '2025-01-01T00:00:00.000Z',
        source: { ip: '127.0.0.1' },
      },
    });
    expect(row).toEqual({
      position: 12n,
      prepare: 11n,
      event_id: id('01'),
      type: 'sync.RunProgressed',
      category: 'sync-run',
      thing_id: id('02'),
      revision: 4,
      actor_kind: 'integration',
      actor_id: 'tills',
      command_id: id('04'),
      correlation_id: id('05'),
      causation_id: id('06'),
      occurred_at: '2025-01-01T00:00:00.000Z',
      recorded_at: '2026-11-21T10:00:00.000Z',
    });
  });
});
