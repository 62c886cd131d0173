import { describe, expect, it } from 'vitest';
import { checksumOf } from './checksum.js';
import type { StoredEvent } from './stored-event.js';

const event: StoredEvent = {
  position: 7,
  stream: 'task-1',
  revision: 0,
  recordedAt: 1_772_355_600_000,
  id: '0190f6f0-0000-7000-8000-000000000001',
  type: 'work.TaskCreated',
  isJson: true,
  data: Buffer.from('{"n":1}'),
  metadata: Buffer.from('{}'),
};

describe('the checksum of an event', () => {
  it('changes with every part of it', () => {
    const others: StoredEvent[] = [
      { ...event, position: 8 },
      { ...event, stream: 'task-2' },
      { ...event, revision: 1 },
      { ...event, recordedAt: event.recordedAt + 1 },
      { ...event, id: event.id.replace('1', '2') },
      { ...event, type: 'work.TaskCreatee' },
      { ...event, isJson: false },
      { ...event, data: Buffer.from('{"n":2}') },
      { ...event, metadata: Buffer.from('{ }') },
      { ...event, data: Buffer.from('{}{"n":1}'), metadata: Buffer.alloc(0) },
    ];
    expect(new Set([event, ...others].map(checksumOf)).size).toBe(others.length + 1);
  });

  it('is the same whatever array the bytes are in, empty ones also', () => {
    for (const empty of [new Uint8Array(0), Buffer.alloc(0), Buffer.allocUnsafe(0), Buffer.from('x').subarray(1)]) {
      const same = { ...event, data: new Uint8Array(event.data), metadata: empty };
      expect(checksumOf(same)).toBe(checksumOf({ ...event, metadata: Buffer.alloc(0) }));
      expect(checksumOf(same)).not.toBe(checksumOf({ ...same, stream: 'task-2' }));
    }
  });

  it('fits Postgres’s integer', () => {
    for (let n = 0; n < 100; n++) {
      const checksum = checksumOf({ ...event, position: n });
      expect(checksum).toBe(checksum | 0);
    }
  });
});
