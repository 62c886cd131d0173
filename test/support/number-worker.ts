/**
 * A worker over a log of numbers that grows evenly, to be killed and frozen: `node number-worker DATABASE_URL EVENTS PER_SECOND BEGAN
 * [BAD…]`, where BAD are numbers that it can't apply. With VERSION=2 in the environment it is newer code, whose `sharded` has another
 * number of shards.
 * Says its id in control.workers when it has started.
 */
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { lengthAt, NumberLog, numbers, refusing, streams } from './number-log.js';

const [, , url = '', ...rest] = process.argv;
const [events = 0, perSecond = 0, began = 0, ...bad] = rest.map(Number);
const version = Number(process.env['VERSION'] ?? 1);

const database = new PostgresWriteDatabase(url);
const worker = new ProjectionWorker({
  log: new NumberLog(() => lengthAt({ events, perSecond, began })),
  database,
  projections: [
    refusing(streams('sharded', version > 1 ? 5 : 8, version), new Set(bad)),
    streams('whole', 1),
    numbers('journal', 4),
  ],
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
