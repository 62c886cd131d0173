/**
 * A worker with a handler that takes the process with it: `node deadly-worker DATABASE_URL exit|loop|memory|none [watched]`;
 * `watched` has a watchdog.
 */
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { startLoopWatchdog } from '../../src/cli/worker/loop-watchdog.js';
import { FedLog } from './fed-log.js';
import { pages, Writer } from './lines.js';

const [, , url = '', how = '', watched] = process.argv;

const die = ({ data }: RecordedEvent): void => {
  if ((data as { line: string }).line !== 'deadly') return;
  if (how === 'exit') process.exit(1);
  if (how === 'memory') for (const all: string[][] = []; ;) all.push(Array.from({ length: 1e6 }, (_, i) => `${i}`));
  if (how === 'loop') for (;;) if (performance.now() < 0) return;
};

const log = new FedLog();
const writer = new Writer();
// One in the middle of a batch, with others of its page before and behind.
for (let n = 0; n < 60; n++) log.append(writer.write(`s${n % 5}`, `p${n % 5}`, n === 33 ? 'deadly' : `l${n}`));

const database = new PostgresWriteDatabase(url);
/** So that ten of them are two seconds. */
const BEAT_MS = 200;
const projections = watched ? startLoopWatchdog([pages(die)], 'info', BEAT_MS).projections : [pages(die)];
const worker = new ProjectionWorker({ log, database, projections });
await worker.start();
process.once('SIGTERM', () => void worker.stop().then(async () => database.close()));
