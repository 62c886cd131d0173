/**
 * A worker over a log of numbers whose code knows a projection in one version: `node versioned-worker DATABASE_URL EVENTS
 * VERSION PAUSE_MS`. Reads a page of the log each PAUSE_MS. Prints what it notices, a line each: `switched`, `stopped` …
 */
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineEntity } from '../../src/projections/engine/projection.js';
import { MemoryLog } from './memory-log.js';
import { numbered } from './recorded-event.js';

const [, , url = '', count = '0', given = '1', pause = '0'] = process.argv;
const version = Number(given);

type Counted = { readonly id: number; readonly seen: number };

const counting = defineEntity<Counted>()({
  name: 'counting',
  version,
  events: [],
  table: {
    name: 'counted',
    columns: { id: 'int', seen: 'int', ...(version > 1 && { since: 'int' }) },
    key: ['id'],
    indexes: ['(workspace_id, seen)'],
  },
  key: (event) => ({ id: (event as RecordedEvent).revision % 100 }),
  evolve: (row, event) => ({
    id: (event as RecordedEvent).revision % 100,
    seen: (row?.seen ?? 0) + 1,
    ...(version > 1 && { since: version }),
  }),
});

class SlowLog extends MemoryLog {
  override async *subscribe(options: Parameters<MemoryLog['subscribe']>[0]): ReturnType<MemoryLog['subscribe']> {
    for await (const items of super.subscribe(options)) {
      yield items;
      await new Promise((resolve) => setTimeout(resolve, Number(pause)));
    }
  }
}

const log = new SlowLog();
log.append(...Array.from({ length: Number(count) }, (_, n) => numbered(n)));
const database = new PostgresWriteDatabase(url);
const worker = new ProjectionWorker({
  log,
  database,
  projections: [{ ...counting, events: [{ type: 'number.Counted' }] as never }],
  notice: ({ kind }) => console.log(kind),
});
await worker.start();
process.once('SIGTERM', () => void worker.stop().then(async () => database.close()));
