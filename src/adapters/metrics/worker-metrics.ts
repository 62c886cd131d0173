/**
 * A worker's figures for Prometheus. Labels are projections, shards, builds' states and workers: as many series as the code
 * has projections, never one per workspace, event or request.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { BuildProgress, ProjectionStatus } from '../../projections/ports/projection-control.port.js';

/** What is looked up when somebody asks; all else is counted as it happens. */
export interface Sight {
  readonly isHealthy: boolean;
  readonly head: LogPosition | undefined;
  readonly reader: LogPosition | undefined;
  /** Undefined when they could not be found out: their series are left out, which alerts can see. */
  readonly statuses: readonly ProjectionStatus[] | undefined;
  readonly progress: readonly BuildProgress[];
}

/** From a batch of one event to one of thousands on a slow disk, in seconds. */
const BATCH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** How exactly the delay of the event loop is measured: a timer, which an idle worker should hardly have. */
const LOOP_DELAY_EVERY_MS = 100;

export class WorkerMetrics {
  readonly #registry = new Registry();
  readonly #events = this.#counter('events_total', 'Events applied by this worker.', ['projection']);
  readonly #batches = new Histogram({
    name: 'teampulse_projection_batch_seconds',
    help: 'From the first statement of a batch to its commit.',
    labelNames: ['projection'],
    buckets: BATCH_BUCKETS,
    registers: [this.#registry],
  });
  readonly #lagEvents = this.#gauge('lag_events', 'Events that it takes and has not applied; from 1000 on, at least so many.', ['projection', 'shard']); // prettier-ignore
  readonly #lagSeconds = this.#gauge('lag_seconds', 'Age of the oldest event not applied; 0 when level with the log.', ['projection', 'shard']); // prettier-ignore
  readonly #position = this.#gauge('position', 'Commit position that is applied.', ['projection', 'shard']);
  readonly #state = this.#gauge('state', '1 for the state it is in: running, paused, stopped or dead.', ['projection', 'state']); // prettier-ignore
  readonly #parked = this.#gauge('parked', 'Events set aside, with those that wait behind them.', ['projection']);
  readonly #builds = this.#gauge('builds', 'Builds that there are.', ['projection', 'state']);
  readonly #buildEvents = this.#gauge('build_events', 'Events that the build under way has applied.', ['projection']);
  readonly #buildExpected = this.#gauge('build_expected_events', 'About as many as it will have.', ['projection']);
  readonly #owner = this.#gauge('owner', '1 for the worker that has the shard; 0 when its lease has run out.', ['projection', 'shard', 'worker']); // prettier-ignore
  readonly #head = new Gauge({ name: 'teampulse_log_head_position', help: 'Commit position of the log\'s last event.', registers: [this.#registry] }); // prettier-ignore
  readonly #reader = new Gauge({ name: 'teampulse_reader_position', help: 'Commit position to which this worker has read.', registers: [this.#registry] }); // prettier-ignore
  readonly #healthy = new Gauge({ name: 'teampulse_worker_healthy', help: '1 when /health/ready says that all is well.', registers: [this.#registry] }); // prettier-ignore

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_DELAY_EVERY_MS });
  }

  /** A batch was committed. */
  applied(projection: string, events: number, seconds: number): void {
    this.#events.inc({ projection }, events);
    this.#batches.observe({ projection }, seconds);
  }

  /** The page that Prometheus reads. */
  async page(sight: Sight): Promise<{ readonly type: string; readonly text: string }> {
    this.#healthy.set(sight.isHealthy ? 1 : 0);
    if (sight.head) this.#head.set(Number(sight.head.commit));
    if (sight.reader) this.#reader.set(Number(sight.reader.commit));
    this.#show(sight.statuses ?? [], sight.progress);
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #show(statuses: readonly ProjectionStatus[], progress: readonly BuildProgress[]): void {
    // What is gone (a build, an owner) must not be told for ever.
    for (const gauge of [this.#lagEvents, this.#lagSeconds, this.#position, this.#state, this.#parked, this.#builds, this.#owner, this.#buildEvents, this.#buildExpected]) gauge.reset(); // prettier-ignore
    for (const { name: projection, state, parked, builds } of statuses) {
      for (const each of ['running', 'paused', 'stopped', 'dead']) this.#state.set({ projection, state: each }, each === state ? 1 : 0); // prettier-ignore
      this.#parked.set({ projection }, parked);
      for (const build of builds) {
        this.#builds.inc({ projection, state: build.state });
        if (build.state !== 'live') continue;
        for (const { shard, lag, position, owner, isOwned } of build.shards) {
          this.#lagEvents.set({ projection, shard }, lag?.events ?? 0);
          this.#lagSeconds.set({ projection, shard }, lag?.seconds ?? 0);
          this.#position.set({ projection, shard }, Number(position?.commit ?? -1n));
          if (owner !== undefined) this.#owner.set({ projection, shard, worker: owner }, isOwned ? 1 : 0);
        }
      }
    }
    for (const { projection, events, expected } of progress) {
      this.#buildEvents.set({ projection }, events);
      this.#buildExpected.set({ projection }, expected);
    }
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name: `teampulse_projection_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `teampulse_projection_${name}`, help, labelNames, registers: [this.#registry] });
  }
}
