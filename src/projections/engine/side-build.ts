/**
 * Builds beside the one that serves, made in one go by whoever asked for them: the shadow that `verify` compares with, and
 * builds as of then. They are no worker's: whoever makes one holds its lock, which goes with him, so that what a dead process
 * left behind is found. Nobody waits for them, no view points to them, nothing is told of them.
 */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { LogItem } from '../ports/event-log.port.js';
import type { LockHolder, WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { countTypes, type TypeCounts } from './applied-counts.js';
import { createBatchWriter, type BatchWriter } from './batch-writer.js';
import { addBuild, dropBuild, makeTables, schemaOf } from './build-registry.js';
import { FoldFailure } from './fold.js';
import type { Projection } from './projection.js';

/** As the engine's batches: larger ones cost the garbage collector more than they save. */
const BATCH_EVENTS = 2_048;

/** An event that a side build can't apply; there is nobody to park it for. */
export class SideBuildFailed extends Error {
  override readonly name = 'SideBuildFailed';
  readonly code = 'SIDE_BUILD_FAILED';
}

/** Makes the tables of a build that never serves. One share, whatever the projection's own builds have. @returns its id */
export async function makeSideBuild(
  session: WriteSession,
  projection: Projection,
  state: 'shadow' | 'as_of',
): Promise<string> {
  const id = await addBuild(session, projection, state);
  await makeTables(session, { ...projection, shards: 1 }, id, 'keyed');
  return id;
}

/** Drops shadows whose maker is gone. */
export async function dropOrphanShadows(database: WriteDatabase, locks: LockHolder): Promise<void> {
  for (const [id] of await database.query({ text: "SELECT id FROM control.builds WHERE state = 'shadow'" })) {
    if (!id || !(await locks.tryLock(schemaOf(id)))) continue;
    await database.transaction(async (session) => dropBuild(session, id));
    await locks.unlock(schemaOf(id));
  }
}

/** How a batch reaches the tables: in a transaction of its own, or in one that is under way. */
export type Commit = (
  write: (session: WriteSession) => Promise<void>,
  batch: readonly RecordedEvent[],
  counts: TypeCounts,
) => Promise<void>;

/** Folds a stretch of the log into the tables of one side build, batch after batch. */
export class SideBuildWriter {
  readonly #writer: BatchWriter;
  readonly #types: ReadonlySet<string> | undefined;

  /** @param database rows are loaded through it: where a transaction is under way, that transaction */
  constructor(
    readonly projection: Projection,
    database: Pick<WriteDatabase, 'query'>,
    buildId: string,
    private readonly commit: Commit,
  ) {
    this.#writer = createBatchWriter(database, projection, buildId, 'add');
    this.#types = projection.events === 'all' ? undefined : new Set(projection.events.map(({ type }) => type));
  }

  /** Whether the projection takes events of this type. */
  wants(type: string): boolean {
    return this.#types?.has(type) ?? true;
  }

  /** Applies what the projection takes of these. @throws SideBuildFailed for an event that can't be read or applied */
  async apply(items: readonly LogItem[]): Promise<void> {
    const events: { readonly event: RecordedEvent; readonly bytes: number }[] = [];
    for (const item of items) {
      if (item.kind === 'malformed' && this.wants(item.type)) throw unreadable(item);
      if (item.kind === 'event' && this.wants(item.event.type)) events.push(item);
    }
    for (let start = 0; start < events.length; start += BATCH_EVENTS) {
      const batch = events.slice(start, start + BATCH_EVENTS);
      await this.#write(batch.map(({ event }) => event), batch.reduce((sum, { bytes }) => sum + bytes, 0)); // prettier-ignore
    }
  }

  async #write(events: readonly RecordedEvent[], bytes: number): Promise<void> {
    try {
      const folded = await this.#writer.fold(events, bytes);
      await this.commit(async (session) => folded.write(session), events, countTypes(events));
    } catch (error) {
      if (!(error instanceof FoldFailure)) throw error;
      const event = error.index === undefined ? undefined : events[error.index];
      const which = event ? `${event.type} ${event.id} of ${event.streamName}` : 'an event';
      throw new SideBuildFailed(`${which} can't be applied`, { cause: error });
    }
  }
}

const unreadable = ({ type, id, streamName, error }: Extract<LogItem, { kind: 'malformed' }>): SideBuildFailed =>
  new SideBuildFailed(`${type} ${id} of ${streamName} can't be read`, { cause: error });

/** Event types that any of these takes; undefined when one takes all. */
export function typesOf(projections: readonly Projection[]): readonly string[] | undefined {
  const types = new Set<string>();
  for (const { events } of projections) {
    if (events === 'all') return undefined;
    for (const { type } of events) types.add(type);
  }
  return [...types];
}
