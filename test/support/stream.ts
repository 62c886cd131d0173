/** The events of one stream as the log would give them, for tests that put them straight into a projection. */
import type { DomainEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';

export const workspaceId = '01890a5d-ac96-774b-bcce-b302099a0001';
/** Of the thing that `stream` is about, unless it is the workspace. */
export const id = '01890a5d-ac96-774b-bcce-b302099a8057';

/** So many hours into the day on which everything happens. */
export const hour = (hours: number): string => new Date(Date.UTC(2026, 2, 1, hours)).toISOString();

/** By Ann, an hour apart. */
export const stream = (category: string, ...events: readonly DomainEvent[]): RecordedEvent[] =>
  events.map(({ type, data }, revision) => ({
    id: `01890a5d-ac96-774b-bcce-00000000${String(revision).padStart(4, '0')}`,
    streamName: `${category}-${category === 'workspace' ? workspaceId : id}`,
    revision,
    position: { commit: BigInt(revision + 1), prepare: BigInt(revision + 1) },
    type,
    data,
    metadata: {
      workspaceId,
      actor: { kind: 'user', id: 'ann' },
      commandId: id,
      $correlationId: id,
      $causationId: id,
      schemaVersion: 1,
      occurredAt: hour(revision),
    },
    recordedAt: hour(revision),
  }));
