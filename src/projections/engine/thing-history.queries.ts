/** One thing as it was at an instant: its stream, folded by the projection that makes its row. Needs no read model. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { isRecordedBy, type AsOf } from '../ports/as-of.js';
import type { StreamReader } from '../ports/stream-reader.port.js';
import { requireDistinct } from './distinct-projections.js';
import type { EntityProjection, Projection, Row } from './projection.js';

/** A thing as of then. `row` has the columns of `projection.table`, with values as `evolve` gives them (bigint for bigint). */
export interface ThingState {
  readonly projection: EntityProjection;
  readonly row: Row;
  /** The last event that counts. */
  readonly at: Pick<RecordedEvent, 'id' | 'revision' | 'position' | 'recordedAt'>;
}

export class ThingHistory {
  readonly #byCategory: ReadonlyMap<string, EntityProjection>;

  /** @throws ProjectionsCollide */
  constructor(
    private readonly streams: StreamReader,
    projections: readonly Projection[],
  ) {
    requireDistinct(projections);
    const entities = projections.filter((projection) => projection.kind === 'entity');
    this.#byCategory = new Map(entities.flatMap((entity) => (entity.category ? [[entity.category, entity]] : [])));
  }

  /** Whose state can be asked for: `task`, `sale`, … */
  get categories(): readonly string[] {
    return [...this.#byCategory.keys()];
  }

  /**
   * @param asOf now when absent
   * @returns undefined when there is no such thing in this workspace, when it did not exist yet, or when its projection keeps no row of it then
   * @throws EventStoreUnavailable (safe to retry), StreamTooLong, MalformedEvent
   */
  async stateAt(workspaceId: string, category: string, id: string, asOf?: AsOf): Promise<ThingState | undefined> {
    const projection = this.#byCategory.get(category);
    if (!projection) return undefined;
    const stream = await this.streams.readStream(`${category}-${id}`);
    // Whose thing it is says its first event, as on the write side.
    if (stream?.events[0]?.metadata.workspaceId !== workspaceId) return undefined;
    return foldThing(projection, stream.events, asOf);
  }
}

/** The state after the events of one stream up to then. Pure. @throws what the projection throws for an event it can't take */
export function foldThing(
  projection: EntityProjection,
  events: readonly RecordedEvent[],
  asOf?: AsOf,
): ThingState | undefined {
  const types = new Set(projection.events.map(({ type }) => type));
  let row: Row | undefined;
  let at: RecordedEvent | undefined;
  for (const event of events) {
    if (asOf && !isRecordedBy(asOf, event)) break;
    at = event;
    if (types.has(event.type) && projection.key(event)) row = projection.evolve(row, event);
  }
  if (!row || !at) return undefined;
  const { id, revision, position, recordedAt } = at;
  return { projection, row, at: { id, revision, position, recordedAt } };
}
