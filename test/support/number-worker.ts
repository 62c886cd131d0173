/**
 * A worker over a log of numbers that grows evenly, to be killed and frozen: `node number-worker DATABASE_URL EVENTS PER_SECOND BEGAN
 * [BAD…]`, where BAD are numbers that it can't apply.
 * Says its id in control.workers when it has started.
 */
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { NumberLog, numbers, refusing, streams } from './number-log.js';

const [, , url = '', ...rest] = process.argv;
const [events = 0, perSecond = 0, began = 0, ...bad] = rest.map(Number);
const length = (): number => Math.max(0, Math.min(events, Math.floor(((Date.now() - began) / 1_000) * perSecond)));

const database = new PostgresWriteDatabase(url);
const worker = new ProjectionWorker({
  log: new NumberLog(length),
  database,
  projections: [refusing(streams('sharded', 8), new Set(bad)), streams('whole', 1), numbers('journal', 4)],
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
