/**
 * A log of numbers that grows, and projections that notice when one is missing, twice there or out of order. The log is the
 * same in every process that asks for it, so that workers in several can follow it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { defineEntity, defineJournal, type Projection } from '../../src/projections/engine/projection.js';
import type { EventLog, LoggedEvent, LogItem, SubscribeOptions } from '../../src/projections/ports/event-log.port.js';
import { z } from 'zod';

export const STREAMS = 100;
export const WORKSPACE = '00000000-0000-4000-8000-000000000001';
const LOOK_MS = 5;
const PAGE = 200;

const counted = defineEvent('number.Counted', z.object({}));

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const positionOf = (n: number): LogPosition => ({ commit: BigInt(n), prepare: BigInt(n) });

/** Number n is the event number n / STREAMS of its stream. */
export const numbered = (n: number): RecordedEvent => ({
  id: uuid(n),
  streamName: `number-${uuid(n % STREAMS)}`,
  revision: Math.floor(n / STREAMS),
  position: positionOf(n),
  type: counted.type,
  data: {},
  recordedAt: '2026-03-01T10:00:00.000Z',
  metadata: {
    workspaceId: WORKSPACE,
    actor: { kind: 'system', id: 'test' },
    commandId: uuid(n),
    $correlationId: uuid(n),
    $causationId: uuid(n),
    schemaVersion: 1,
    occurredAt: '2026-03-01T10:00:00.000Z',
  },
});

/** A log that grows evenly, by the clock: everybody who knows this knows how long it is. */
export interface Growth {
  readonly events: number;
  readonly perSecond: number;
  /** Milliseconds since 1970. */
  readonly began: number;
}

export const lengthAt = ({ events, perSecond, began }: Growth, now = Date.now()): number =>
  Math.max(0, Math.min(events, Math.floor(((now - began) / 1_000) * perSecond)));

/** @param length how many numbers there are by now, from 0 */
export class NumberLog implements EventLog {
  constructor(private readonly length: () => number) {}

  async head(): Promise<LogPosition | undefined> {
    const length = this.length();
    return length > 0 ? positionOf(length - 1) : undefined;
  }

  async readAgain(streamName: string, from: number, limit: number): Promise<readonly LoggedEvent[]> {
    const stream = Number(streamName.slice(-12));
    return Array.from({ length: limit }, (_, i) => (from + i) * STREAMS + stream)
      .filter((n) => n < this.length())
      .map((n) => ({ kind: 'event', event: numbered(n), bytes: 100 }));
  }

  async *subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    for (let next = after ? Number(after.commit) + 1 : 0, isCaughtUp = false; !signal.aborted;) {
      const end = Math.min(this.length(), next + PAGE);
      if (end > next) {
        isCaughtUp = false;
        const items: LogItem[] = [];
        for (; next < end; next++) items.push({ kind: 'event', event: numbered(next), bytes: 100 });
        yield items;
      } else {
        if (!isCaughtUp) yield [{ kind: 'caughtUp' }];
        isCaughtUp = true;
        await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

export type StreamRow = {
  readonly id: string;
  readonly seen: number;
  /** Of the last event. */
  readonly revision: number;
  /** Events that did not follow the one before. */
  readonly wrong: number;
};

/** One row per stream. With a sum over all of them, so that shards share rows. */
export const streams = (name: string, shards: number, version = 1): Projection =>
  defineEntity<StreamRow>()({
    name,
    version,
    shards,
    events: [counted],
    table: {
      name,
      columns: { id: 'uuid', seen: 'int', revision: 'int', wrong: 'int' },
      key: ['id'],
      indexes: ['(workspace_id, seen)'],
    },
    key: ({ streamName }) => ({ id: streamName.slice('number-'.length) }),
    evolve: (row, { streamName, revision }) => ({
      id: streamName.slice('number-'.length),
      seen: (row?.seen ?? 0) + 1,
      revision,
      wrong: (row?.wrong ?? 0) + (revision === (row?.revision ?? -1) + 1 ? 0 : 1),
    }),
    rollups: [
      {
        name: `${name}_by_parity`,
        columns: { parity: 'int', times: 'bigint' },
        key: ['parity'],
        measures: ['times'],
        contributions: ({ id, seen }) => [{ parity: Number(id.slice(-1)) % 2, times: BigInt(seen) }],
      },
      {
        name: `${name}_by_last_digit`,
        columns: { digit: 'text', times: 'bigint' },
        key: ['digit'],
        measures: ['times'],
        contributions: ({ id, seen }) => [{ digit: id.slice(-1), times: BigInt(seen) }],
      },
    ],
  });

/** The same, where these numbers can't be applied. */
export function refusing(projection: Projection, bad: ReadonlySet<number>): Projection {
  if (projection.kind !== 'entity') throw new Error('only for projections that keep a row for each thing');
  const { evolve } = projection;
  return {
    ...projection,
    evolve: (row, event) => {
      if (bad.has(Number(event.position.commit))) throw new Error('not this number');
      return evolve(row, event);
    },
  };
}

/** One row per number. One that comes twice is refused by its key. */
export const numbers = (name: string, shards: number): Projection =>
  defineJournal({
    name,
    version: 1,
    shards,
    events: 'all',
    table: { name, columns: { position: 'bigint' }, key: ['position'] },
    rows: ({ position }) => [{ position: position.commit }],
  });

type Sql = <R extends object>(text: string) => Promise<R[]>;

/** @throws when anything but each of the numbers once, in order, has been applied by the builds that serve */
export async function checkStreams(sql: Sql, name: string, count: number): Promise<void> {
  const [rows] = await sql<object>(
    `SELECT count(*)::int AS streams, min(seen) AS least, max(seen) AS most, sum(wrong)::int AS wrong FROM read.${name}`,
  );
  const [sums] = await sql<object>(
    `SELECT (SELECT sum(times)::int FROM read.${name}_by_parity) AS parity, (SELECT sum(times)::int FROM read.${name}_by_last_digit) AS digit`,
  );
  const each = count / STREAMS;
  mustBe(`rows of ${name}`, rows, { streams: STREAMS, least: each, most: each, wrong: 0 });
  mustBe(`sums of ${name}`, sums, { parity: count, digit: count });
  await checkApplied(sql, name, count);
}

export async function checkNumbers(sql: Sql, name: string, count: number): Promise<void> {
  const [rows] = await sql<object>(
    `SELECT count(*)::int AS count, min(position)::int AS least, max(position)::int AS most FROM read.${name}`,
  );
  mustBe(`rows of ${name}`, rows, { count, least: 0, most: count - 1 });
  await checkApplied(sql, name, count);
}

async function checkApplied(sql: Sql, name: string, count: number): Promise<void> {
  const [said] = await sql<object>(
    `SELECT (SELECT sum(events)::int FROM control.checkpoints WHERE build_id = b.id) AS events,
       (SELECT sum(events)::int FROM control.applied_counts WHERE build_id = b.id) AS counted
     FROM control.builds b WHERE b.projection = '${name}' AND b.state = 'live'`,
  );
  mustBe(`what ${name} says it applied`, said, { events: count, counted: count });
}

function mustBe(what: string, is: unknown, owed: object): void {
  if (JSON.stringify(is) !== JSON.stringify(owed)) throw new Error(`${what}: ${JSON.stringify(is)}, owed ${JSON.stringify(owed)}`); // prettier-ignore
}
