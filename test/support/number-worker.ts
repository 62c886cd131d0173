/**
 * A worker over a log of numbers that grows evenly, to be killed and frozen: `node number-worker DATABASE_URL EVENTS PER_SECOND BEGAN`.
 * Says its id in control.workers when it has started.
 */
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { NumberLog, numbers, streams } from './number-log.js';

const [, , url = '', ...rest] = process.argv;
const [events = 0, perSecond = 0, began = 0] = rest.map(Number);
const length = (): number => Math.max(0, Math.min(events, Math.floor(((Date.now() - began) / 1_000) * perSecond)));

const database = new PostgresWriteDatabase(url);
const worker = new ProjectionWorker({
  log: new NumberLog(length),
  database,
  projections: [streams('sharded', 8), streams('whole', 1), numbers('journal', 4)],
});
await worker.start();
process.send?.({ id: worker.id });
process.once(
  'SIGTERM',
  () =>
    void worker
      .stop()
      .then(async () => database.close())
      .then(() => process.exit(0)),
);
process.once('disconnect', () => process.exit(1));
