/** A worker over a log of numbers, to be killed: `node counting-worker DATABASE_URL EVENTS`. */
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineEntity } from '../../src/projections/engine/projection.js';
import type { EventLog, LogItem, SubscribeOptions } from '../../src/projections/ports/event-log.port.js';
import { numbered } from './recorded-event.js';

type Counted = { readonly id: number; readonly seen: number };

const counting = defineEntity<Counted>()({
  name: 'counting',
  version: 1,
  events: [],
  table: { name: 'counted', columns: { id: 'int', seen: 'int' }, key: ['id'] },
  key: (event) => ({ id: (event as RecordedEvent).revision % 100 }),
  evolve: (row, event) => ({ id: (event as RecordedEvent).revision % 100, seen: (row?.seen ?? 0) + 1 }),
  rollups: [
    {
      name: 'counted_parity',
      columns: { parity: 'int', times: 'bigint' },
      key: ['parity'],
      measures: ['times'],
      contributions: ({ id, seen }) => [{ parity: id % 2, times: BigInt(seen) }],
    },
  ],
});

const [, , url = '', count = '0'] = process.argv;
const events = Number(count);

const log: EventLog = {
  readAgain: async (_, from) => [{ kind: 'event', event: numbered(from), bytes: 2 }],
  head: async () => ({ commit: BigInt(events - 1), prepare: BigInt(events - 1) }),
  async *subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    for (let n = after ? Number(after.commit) + 1 : 0; n < events && !signal.aborted; n += 37) {
      const size = Math.min(37, events - n);
      yield Array.from({ length: size }, (_, i) => ({ kind: 'event' as const, event: numbered(n + i), bytes: 2 }));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!signal.aborted) yield [{ kind: 'caughtUp' }];
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
};

const database = new PostgresWriteDatabase(url);
const worker = new ProjectionWorker({ log, database, projections: [{ ...counting, events: [{ type: 'number.Counted' }] as never }] }); // prettier-ignore
await worker.start();
process.once('SIGTERM', () => void worker.stop().then(async () => database.close()));
