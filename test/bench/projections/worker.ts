/**
 * A projection worker in a process of its own, as `teampulse worker` runs it, without the publisher. Told to record, it notes when
 * each position became what readers may see; told to stop that, it says what it noted.
 */
import { eventCatalogue } from '../../../src/domain/event-catalogue.js';
import { EventStoreDbAdapter } from '../../../src/adapters/eventstore/eventstore-db.adapter.js';
import { PostgresWriteDatabase } from '../../../src/adapters/postgres/postgres-write-database.js';
import { ProjectionWorker } from '../../../src/projections/engine/projection-worker.js';
import { PositionRegistry, type Progress } from '../../../src/projections/ports/position-registry.js';
import { say, serve, sharedNow } from './child.js';
import { projectionSets, type ProjectionSet } from './projection-sets.js';

export interface WorkerSetup {
  readonly eventstoreUrl: string;
  readonly databaseUrl: string;
  readonly set: ProjectionSet;
}
export type WorkerJob = { readonly record: string } | { readonly recorded: true };
/** Commit position, and when on the shared clock, in the order of both. */
export interface Advances {
  readonly advances: readonly (readonly [position: number, at: number])[];
}

class RecordingRegistry extends PositionRegistry {
  /** The projection whose way is noted. */
  recorded: string | undefined;
  advances: [number, number][] = [];

  override advance(progress: Progress): boolean {
    const isWhole = super.advance(progress);
    const at = progress.projection === this.recorded ? this.at(progress.projection) : undefined;
    if (at) this.advances.push([Number(at.commit), sharedNow()]);
    return isWhole;
  }
}

const setup = JSON.parse(process.argv[2] ?? '{}') as WorkerSetup;
const positions = new RecordingRegistry();
const worker = new ProjectionWorker({
  log: new EventStoreDbAdapter(setup.eventstoreUrl, eventCatalogue),
  database: new PostgresWriteDatabase(setup.databaseUrl),
  projections: projectionSets[setup.set],
  positions,
  notice: (notice) => {
    if ('error' in notice) console.error(`${notice.kind}: ${notice.error.message}`);
    else if ('reason' in notice) console.error(`${notice.kind}: ${notice.reason}`);
    else if (notice.kind === 'lost') console.error(`${notice.kind}: ${notice.projection}`);
  },
});
serve<WorkerJob>(async (job) => {
  if ('record' in job) {
    positions.recorded = job.record;
    return {};
  }
  const { advances } = positions;
  positions.recorded = undefined;
  positions.advances = [];
  return { advances } satisfies Advances;
});
// Only then are the log's connections closed, too: with the process.
process.on('SIGTERM', () => void worker.stop().finally(() => process.exit()));
await worker.start();
say({ ready: true });
