/** What a replay reads of the log and what it sends of that, by the times at which things were recorded. */
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { replay, type ReplayOutcome, type ReplayRange } from '../../src/cli/events/replay.js';
import { nothingUpTo } from '../../src/cli/events/replay-start.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { eventIndexProjection } from '../../src/projections/audit/event-index.projection.js';
import { EventIndexQueries } from '../../src/projections/audit/event-index.queries.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';
import { recordedEvent } from '../support/recorded-event.js';

const EVENTS = 2_000;
const workspaceId = v7();
const otherId = v7();
/** A minute between each and the next. */
const at = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();

/** Every second one of another workspace. Positions are not numbers in a row, as in a log that others write to as well. */
const eventAt = (n: number, recordedAt = at(n)): RecordedEvent =>
  recordedEvent(
    1_000 + n * 7,
    {
      streamName: `label-${v7()}`,
      type: 'work.LabelCreated',
      data: { name: `label ${n}`, color: '#112233' },
      recordedAt,
    },
    n % 2 === 0 ? workspaceId : otherId,
  );

interface Replayed {
  readonly sent: readonly string[];
  readonly outcome: ReplayOutcome;
}

async function run(log: MemoryLog, range: Omit<ReplayRange, 'workspaceId' | 'head'>): Promise<Replayed> {
  const head = await log.head();
  if (!head) throw new Error('the log is empty');
  const sent: string[] = [];
  const outcome = await replay({
    log,
    workspaceId,
    head,
    ...range,
    send: async (events) => void sent.push(...events.map(({ recordedAt }) => recordedAt)),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return { sent, outcome };
}

const even = (from: number, until: number): string[] =>
  Array.from({ length: until - from }, (_, n) => from + n).filter((n) => n % 2 === 0).map((n) => at(n)); // prettier-ignore

describe('a replay from an instant on', () => {
  const log = new MemoryLog();
  let database: TestDatabase;
  let reads: PostgresReadDatabase;
  let index: EventIndexQueries;

  beforeAll(async () => {
    database = await createTestDatabase();
    log.append(...Array.from({ length: EVENTS }, (_, n) => eventAt(n)));
    const writes = new PostgresWriteDatabase(database.url);
    const worker = new ProjectionWorker({ log, database: writes, projections: [eventIndexProjection] });
    await worker.start();
    reads = new PostgresReadDatabase(database.apiUrl);
    index = new EventIndexQueries(reads);
    const { position } = eventAt(EVENTS - 1);
    const outcome = await reads.waitForPosition(['event-index'], position, 20_000);
    if (outcome !== 'reached') throw new Error('the index has not caught up');
    await worker.stop();
    await writes.close();
  });
  afterAll(async () => {
    await reads.close();
    await database.drop();
  });

  it('reads what was recorded then, and not what was before', async () => {
    const start = await nothingUpTo(index, workspaceId, at(1_900));
    const before = log.read;
    const { sent, outcome } = await run(log, { from: at(1_900), nothingUpTo: start });
    expect(sent).toEqual(even(1_900, EVENTS));
    expect(outcome.complete).toBe(true);
    expect(log.read - before).toBeLessThanOrEqual(EVENTS - 1_900 + 4);
  });

  it('reads the log from its beginning where nothing is known of an earlier time', async () => {
    expect(await nothingUpTo(index, workspaceId, at(0))).toBeUndefined();
    expect(await nothingUpTo(index, v7(), at(1_900))).toBeUndefined();
    const { sent } = await run(log, { from: at(1_900) });
    expect(sent).toEqual(even(1_900, EVENTS));
  });
});

describe('a replay of a log whose clock went back a little', () => {
  const late = new Date(Date.parse(at(100)) + 20_000).toISOString();
  const early = new Date(Date.parse(at(100)) - 20_000).toISOString();
  const log = new MemoryLog();
  log.append(...Array.from({ length: 100 }, (_, n) => eventAt(n)), eventAt(100, late), eventAt(102, early), ...Array.from({ length: 500 }, (_, n) => eventAt(n + 104))); // prettier-ignore

  it('sends all that was recorded before an instant, and ends a while behind it', async () => {
    const before = log.read;
    const { sent, outcome } = await run(log, { until: at(100) });
    expect(sent).toEqual([...even(0, 100), early]);
    expect(outcome.complete).toBe(true);
    expect(log.read - before).toBeLessThan(300);
  });

  it('says a place to go on from behind which nothing is missed', async () => {
    const first = await run(log, { until: at(100) });
    const second = await run(log, { from: first.outcome.at });
    expect(new Set([...first.sent, ...second.sent])).toEqual(
      new Set([...even(0, 100), late, early, ...even(104, 604)]),
    );
  });
});
