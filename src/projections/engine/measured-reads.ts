/**
 * Reads that say how much is missing when a position was not reached in time: against the log's own head, so that who asked
 * for a position that the log does not have learns that nothing is.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog } from '../ports/event-log.port.js';
import type { Lag } from '../ports/projection-control.port.js';
import { ReadDatabase, type Behind } from '../ports/read-database.port.js';
import { measureLag } from './lag.js';
import { typesOf } from './side-build.js';
import type { Projection } from './projection.js';

/** Who is told that he waited in vain has waited long enough. */
const MEASURE_MS = 500;
/** When a read model stands still everybody asks the same; the log is asked once for all of them. */
const KEPT_MS = 1_000;

interface Measured {
  readonly key: string;
  readonly since: number;
  readonly lag: Promise<Lag | undefined>;
}

export class MeasuredReads extends ReadDatabase {
  readonly #types: ReadonlyMap<string, ReadonlySet<string> | undefined>;
  /** The last one of each projection. */
  readonly #measured = new Map<string, Measured>();

  constructor(
    private readonly reads: ReadDatabase,
    private readonly log: EventLog,
    projections: readonly Projection[],
  ) {
    super();
    this.#types = new Map(projections.map((projection) => [projection.name, setOf(typesOf([projection]))]));
  }

  override async query<Row extends object>(
    workspaceId: string,
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]> {
    return this.reads.query(workspaceId, sql, parameters);
  }

  override async waitForPosition(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs?: number,
  ): Promise<'reached' | Behind> {
    const outcome = await this.reads.waitForPosition(projections, position, timeoutMs);
    return outcome === 'reached' ? outcome : { ...outcome, lag: await this.#lagOf(outcome) };
  }

  async #lagOf({ projection, at }: Behind): Promise<Lag | undefined> {
    // Nobody could say how far it is.
    if (!at) return undefined;
    const key = `${at.commit}/${at.prepare}`;
    const known = this.#measured.get(projection);
    if (known?.key === key && performance.now() - known.since < KEPT_MS) return known.lag;
    const lag = this.#measure(projection, at);
    this.#measured.set(projection, { key, since: performance.now(), lag });
    return lag;
  }

  async #measure(projection: string, at: LogPosition): Promise<Lag | undefined> {
    const counted = this.log
      .head()
      .then(async (head) => measureLag(this.log, at, this.#types.get(projection), head, MEASURE_MS));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), 2 * MEASURE_MS)));
    // The log can't be reached: that it is stale is known nevertheless.
    return Promise.race([counted.catch(() => undefined), late]).finally(() => clearTimeout(timer));
  }
}

const setOf = (types: readonly string[] | undefined): ReadonlySet<string> | undefined => types && new Set(types);
