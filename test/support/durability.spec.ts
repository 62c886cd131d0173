import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { checkLog, happened } from './durability.js';

/** Two groups of two events in one stream, and what was acknowledged of them. */
function sound(): { log: RecordedEvent[]; acknowledged: Parameters<typeof checkLog>[1][number][] } {
  const groups = [randomUUID(), randomUUID()];
  const log = groups.flatMap((group, n) =>
    [0, 1].map((index) => ({
      id: randomUUID(),
      streamName: 'fault1-a',
      revision: 2 * n + index,
      position: { commit: BigInt(10 + 2 * n + index), prepare: BigInt(10 + 2 * n + index) },
      type: happened.type,
      data: { group, index, of: 2, text: '' },
      metadata: {} as RecordedEvent['metadata'],
      recordedAt: '2026-03-01T09:00:00.000Z',
    })),
  );
  const acknowledged = groups.map((group, n) => ({
    group,
    stream: 'fault1-a',
    revision: 2 * n + 1,
    position: BigInt(11 + 2 * n),
    size: 2,
  }));
  return { log, acknowledged };
}

describe('the checker of durability', () => {
  it('finds nothing wrong with a sound log, nor with an append that was never acknowledged', () => {
    const { log, acknowledged } = sound();
    expect(() => checkLog(log, acknowledged)).not.toThrow();
    expect(() => checkLog(log, acknowledged.slice(1))).not.toThrow();
  });

  it('finds an acknowledged append that is lost', () => {
    const { log, acknowledged } = sound();
    expect(() => checkLog(log.slice(0, 2), acknowledged)).toThrow('lost: fault1-a@3 at 13');
  });

  it('finds half an append, at the end and within', () => {
    const { log, acknowledged } = sound();
    expect(() => checkLog(log.slice(0, 3), acknowledged.slice(0, 1))).toThrow('half an append at the end');
    expect(() => checkLog([...log.slice(0, 1), ...log.slice(2)], [])).toThrow('fault1-a has 2 where 1 is due');
    const torn = [log[0], log[2], log[1], log[3]].map((event, n) => ({ ...event, revision: n, position: { commit: BigInt(n + 1), prepare: 0n } })); // prettier-ignore
    expect(() => checkLog(torn as RecordedEvent[], [])).toThrow('half an append at position 2');
  });

  it('finds an append that is there twice', () => {
    const { log } = sound();
    const again = log.slice(0, 2).map((event, n) => ({ ...event, revision: 4 + n, position: { commit: BigInt(20 + n), prepare: 0n } })); // prettier-ignore
    expect(() => checkLog([...log, ...again], [])).toThrow('an event is there twice');
    const underNewIds = again.map((event) => ({ ...event, id: randomUUID() }));
    expect(() => checkLog([...log, ...underNewIds], [])).toThrow('an append is there twice');
  });

  it('finds positions and revisions that are not those that were acknowledged, or do not grow', () => {
    const { log, acknowledged } = sound();
    expect(() => checkLog(log, acknowledged.map((said) => ({ ...said, position: said.position + 1n })))).toThrow('acknowledged was'); // prettier-ignore
    expect(() => checkLog(log, acknowledged.map((said) => ({ ...said, revision: said.revision - 1 })))).toThrow('acknowledged was'); // prettier-ignore
    expect(() => checkLog(log.toReversed(), [])).toThrow('fault1-a has 3 where 0 is due');
    expect(() => checkLog(log.map((event) => ({ ...event, revision: event.revision + 1 })), [])).toThrow('fault1-a has 1 where 0 is due'); // prettier-ignore
  });
});
