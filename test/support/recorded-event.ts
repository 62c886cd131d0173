/** Events as the log gives them, for tests that do not care what else stands in them. */
import { randomUUID } from 'node:crypto';
import type { EventMetadata } from '../../src/domain/shared/metadata.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';

/** By a system, in a command of its own. */
export function metadataOf(workspaceId: string, occurredAt = '2026-03-01T09:30:00.000Z'): EventMetadata {
  const commandId = randomUUID();
  return {
    workspaceId,
    actor: { kind: 'system', id: 'test' },
    commandId,
    $correlationId: commandId,
    $causationId: commandId,
    schemaVersion: 1,
    occurredAt,
  };
}

/** @param place in the log, both halves of it */
export const recordedEvent = (
  place: number,
  about: Pick<RecordedEvent, 'streamName' | 'type'> & Partial<RecordedEvent>,
  workspaceId = NUMBERS_WORKSPACE,
): RecordedEvent => ({
  id: randomUUID(),
  revision: 0,
  position: { commit: BigInt(place), prepare: BigInt(place) },
  data: {},
  recordedAt: '2026-03-01T10:00:00.000Z',
  metadata: metadataOf(workspaceId),
  ...about,
});

const NUMBERS_WORKSPACE = '00000000-0000-4000-8000-000000000001';

/** The n-th of a log of numbers: the same event whenever it is read. */
export const numbered = (n: number): RecordedEvent =>
  recordedEvent(n, {
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    streamName: 'number-1',
    revision: n,
    type: 'number.Counted',
  });
