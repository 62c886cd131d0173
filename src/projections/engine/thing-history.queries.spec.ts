import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { labelsProjection } from '../work/labels.projection.js';
import { ThingHistory } from './thing-history.queries.js';

const WORKSPACE = '0190a5d0-0000-7000-8000-000000000001';
const LABEL = '0190a5d0-0000-7000-8000-00000000000a';

function recorded(revision: number, recordedAt: string, type: string, data: unknown): RecordedEvent {
  return {
    id: `0190a5d0-0000-7000-8000-0000000001${revision}0`,
    streamName: `label-${LABEL}`,
    revision,
    position: { commit: BigInt(revision * 10), prepare: BigInt(revision * 10) },
    type,
    data,
    metadata: {
      workspaceId: WORKSPACE,
      actor: { kind: 'user', id: 'u' },
      commandId: LABEL,
      $correlationId: LABEL,
      $causationId: LABEL,
      schemaVersion: 1,
      // Long before it was recorded: an import.
      occurredAt: '2020-01-01T00:00:00.000Z',
      source: {},
    },
    recordedAt,
  };
}

const events = [
  recorded(0, '2026-03-01T09:00:00.000Z', 'work.LabelCreated', { name: 'urgent', color: '#f00' }),
  recorded(1, '2026-03-01T10:00:00.000Z', 'work.LabelChanged', { from: { name: 'urgent' }, to: { name: 'now' } }),
];

const history = new ThingHistory({ readStream: async (name) => (name === `label-${LABEL}` ? { events } : undefined) }, [
  labelsProjection,
]);

const nameAt = async (recordedAt: string): Promise<unknown> =>
  (await history.stateAt(WORKSPACE, 'label', LABEL, { recordedAt }))?.row['name'];

describe('a thing as of then', () => {
  it('is what the events recorded by that instant say, to the millisecond', async () => {
    expect(await nameAt('2026-03-01T09:00:00.000Z')).toBe('urgent');
    expect(await nameAt('2026-03-01T09:59:59.999Z')).toBe('urgent');
    expect(await nameAt('2026-03-01T10:00:00.000Z')).toBe('now');
  });

  it('is nothing before it was recorded, however long ago it happened', async () => {
    expect(await history.stateAt(WORKSPACE, 'label', LABEL, { recordedAt: '2026-03-01T08:59:59.999Z' })).toBe(
      undefined,
    );
  });

  it('is also had by position, and without one as it is now', async () => {
    const position = { commit: 9n, prepare: 9n };
    expect((await history.stateAt(WORKSPACE, 'label', LABEL, { position }))?.row['version']).toBe(1);
    expect((await history.stateAt(WORKSPACE, 'label', LABEL))?.row['version']).toBe(2);
  });

  it('is nothing to another workspace', async () => {
    expect(await history.stateAt('0190a5d0-0000-7000-8000-000000000002', 'label', LABEL)).toBe(undefined);
  });

  it('is nothing where no such thing is, or no such kind of thing', async () => {
    expect(await history.stateAt(WORKSPACE, 'label', WORKSPACE)).toBe(undefined);
    expect(await history.stateAt(WORKSPACE, 'unicorn', LABEL)).toBe(undefined);
  });
});
