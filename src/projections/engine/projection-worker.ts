/**
 * Keeps the builds of every projection up to date, together with whatever other workers there are. Each share of a build has one
 * owner; workers divide the shares evenly, take over what a dead one had, and give up what one who joins should have. This file
 * is about owning them; what they are fed with is read by LogFeeder.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog } from '../ports/event-log.port.js';
import { PositionRegistry } from '../ports/position-registry.js';
import type { WriteDatabase } from '../ports/write-database.port.js';
import { divide } from './balance.js';
import { BuildLeader, LEADING_SHARD } from './build-leader.js';
import { ensureBuilds } from './build-registry.js';
import { BuildRunner } from './build-runner.js';
import { runRequests } from './control-requests.js';
import { requireDistinct } from './distinct-projections.js';
import { GroupCommitter } from './group-commit.js';
import { BEAT_MS, CONTROL_CHANNEL, Leases, type Lease } from './leases.js';
import { LogFeeder, type Fed } from './log-feeder.js';
import { trouble, type EngineNotice } from './notices.js';
import type { Projection } from './projection.js';
import { requestHandlers } from './request-handlers.js';
import { codeOf, keyOf, makeWhatIsAsked, wantedShares, type Wanted } from './wanted-shares.js';

/** The control schema is looked at this often, told or not: so long may the shares of a worker that died rest. */
const RECONCILE_MS = 1_000;
/** What was lost is not taken again at once: whoever has it, or did this to us, should be seen to first. */
const LOST_MS = 500;
/** How long after a worker should have given a sign of life it is looked whether it is dead. */
const LOOK_MS = 10;

export interface ProjectionWorkerOptions {
  readonly log: EventLog;
  readonly database: WriteDatabase;
  readonly projections: readonly Projection[];
  readonly notice?: (notice: EngineNotice) => void;
  /** Told of every position this worker commits; for reading one's own writes inside the same process. */
  readonly positions?: PositionRegistry;
}

interface Running extends Fed {
  readonly done: Promise<void>;
}

export class ProjectionWorker {
  readonly positions: PositionRegistry;
  readonly #running = new Map<string, Running>();
  /** Shares that stopped at an event: ours, and not tried again until someone has acted. */
  readonly #stopped = new Map<string, Lease>();
  /** When shares were lost that are not to be taken again at once. */
  readonly #lost = new Map<string, number>();
  readonly #leader: BuildLeader;
  readonly #feeder: LogFeeder;
  readonly #byName: ReadonlyMap<string, Projection>;
  readonly #leases: Leases;
  readonly #abort = new AbortController();
  readonly #committer: GroupCommitter;
  readonly #notice: (notice: EngineNotice) => void;
  #wake: (() => void) | undefined;
  /** Something was told while the builds were being looked after. */
  #isNews = false;
  #ended: Promise<void> | undefined;
  #beating: Promise<void> | undefined;
  readonly #stopBeating = new AbortController();
  /** Until the control schema is looked at again. */
  #restMs = RECONCILE_MS;

  /** @throws ProjectionsCollide */
  constructor(private readonly options: ProjectionWorkerOptions) {
    requireDistinct(options.projections);
    this.positions = options.positions ?? new PositionRegistry();
    this.#committer = new GroupCommitter(options.database);
    this.#notice = options.notice ?? (() => undefined);
    this.#byName = new Map(options.projections.map((projection) => [codeOf(projection), projection]));
    this.#leases = new Leases(options.database, [...this.#byName.keys()]);
    this.#leader = new BuildLeader({ database: options.database, notice: this.#notice });
    this.#feeder = new LogFeeder({
      log: options.log,
      notice: this.#notice,
      running: () => this.#running.values(),
      signal: this.#abort.signal,
    });
  }

  /** Where the reader of the log stands; undefined before its first event. */
  get readTo(): LogPosition | undefined {
    return this.#feeder.readTo;
  }

  /** Goes on from there over a new connection: whoever watches the reader found the old one dead. */
  readAnew(): void {
    this.#feeder.readAnew();
  }

  /** As `control.workers` knows us. */
  get id(): string {
    return this.#leases.worker;
  }

  /** Makes what has to be made, and resolves once every share that is free and ours to take is being run. */
  async start(): Promise<void> {
    const { database, projections } = this.options;
    for (const projection of projections) await ensureBuilds(database, projection);
    const hear = (): void => {
      this.#isNews = true;
      this.#wake?.();
    };
    database.listen(CONTROL_CHANNEL, hear, this.#abort.signal);
    await this.#leases.beat();
    this.#beating = this.#keepBeating();
    await this.#reconcile();
    // Others may have something to give up to us.
    await this.#leases.tell('joined');
    this.#ended = this.#keepReconciling();
  }

  /** Finishes the batches under way, and gives all shares free. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
    await this.#feeder.ended();
    await Promise.all([
      ...[...this.#running.values()].map(async ({ abort, done }) => (abort.abort(), done)),
      this.#leader.stop(),
    ]);
    this.#stopBeating.abort();
    await this.#beating;
    // When this fails the others find out by themselves.
    await this.#leases.leave().catch(() => undefined);
  }

  /** Apart from everything else: nothing that takes long may cost us our shares. */
  async #keepBeating(): Promise<void> {
    const { signal } = this.#stopBeating;
    while (!signal.aborted) {
      await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#leases.beat().catch((error: unknown) => this.#trouble(error));
    }
  }

  async #keepReconciling(): Promise<void> {
    const { signal } = this.#abort;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#isNews ? 0 : this.#restMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (signal.aborted) return;
      this.#isNews = false;
      this.#restMs = RECONCILE_MS;
      await this.#reconcile().catch((error: unknown) => this.#trouble(error));
    }
  }

  /** Runs what should be run and is ours; ends what no longer is. */
  async #reconcile(): Promise<void> {
    await runRequests(this.options.database, requestHandlers);
    await makeWhatIsAsked(this.options.database, this.options.projections);
    const wanted = await wantedShares(this.options.database);
    this.#endUnwanted(wanted);
    const { alive, nextEndMs } = await this.#leases.workers();
    // Just after it ends, if it does.
    if (nextEndMs !== undefined) this.#restMs = Math.min(this.#restMs, nextEndMs + LOOK_MS);
    const owners = divide([...wanted.values()].map(({ key, build, share }) => ({ key, runs: codeOf(build), owner: share.owner })), alive); // prettier-ignore
    await this.#giveUp(owners);
    await this.#take([...wanted.values()].filter(({ key }) => owners.get(key) === this.id));
    await this.#feeder.idle();
    this.#lead(wanted);
    for (const { runner } of this.#running.values()) runner.lookForRequests();
  }

  #endUnwanted(wanted: ReadonlyMap<string, Wanted>): void {
    for (const [key, { runner, abort }] of this.#running) {
      const now = wanted.get(key);
      if (now?.share.owner === this.id && now.share.epoch === runner.lease.epoch) runner.see(now.build);
      else abort.abort();
    }
    for (const [key, { epoch }] of this.#stopped) {
      const now = wanted.get(key);
      // Resumed by an operator: what it stopped at is tried again.
      if (!now?.share.stopped || now.share.owner !== this.id || now.share.epoch !== epoch) this.#stopped.delete(key);
    }
  }

  /** What another one should have. The batch under way is finished first. */
  async #giveUp(owners: ReadonlyMap<string, string>): Promise<void> {
    const isOurs = (key: string): boolean => (owners.get(key) ?? this.id) === this.id;
    for (const [key, { abort }] of this.#running) if (!isOurs(key)) abort.abort();
    const resting = [...this.#stopped].filter(([key]) => !isOurs(key));
    for (const [key] of resting) this.#stopped.delete(key);
    await this.#leases.release(resting.map(([, lease]) => lease));
  }

  async #take(ours: readonly Wanted[]): Promise<void> {
    for (const [key, at] of this.#lost) if (performance.now() - at > LOST_MS) this.#lost.delete(key);
    const free = ours.filter(({ key }) => !this.#running.has(key) && !this.#stopped.has(key) && !this.#lost.has(key));
    const leases = await this.#leases.acquire(free.map(({ build, share }) => ({ buildId: build.id, shard: share.shard }))); // prettier-ignore
    if (leases.length === 0) return;
    // Read again, now that they are ours: whoever had them before may have moved on since.
    const wanted = await wantedShares(this.options.database);
    const taken: Running[] = [];
    for (const lease of leases) {
      const now = wanted.get(keyOf(lease));
      const projection = now && this.#byName.get(codeOf(now.build));
      if (projection && now.share.epoch === lease.epoch) taken.push(this.#start(projection, now));
      else await this.#leases.release([lease]);
    }
    this.#feeder.feed(taken);
  }

  #start(projection: Projection, { key, build, share }: Wanted): Running {
    const abort = new AbortController();
    const parts = {
      database: this.options.database,
      committer: this.#committer,
      positions: this.positions,
      head: async () => this.options.log.head(),
      readAgain: this.options.log.readAgain.bind(this.options.log),
      notice: this.#notice,
    };
    const runner = new BuildRunner(projection, build, share, parts, abort.signal);
    this.#notice({ kind: 'started', projection: projection.name, build: build.id, position: share.position });
    const running: Running = { runner, abort, attached: false, done: this.#run(key, runner, abort) };
    this.#running.set(key, running);
    return running;
  }

  async #run(key: string, runner: BuildRunner, abort: AbortController): Promise<void> {
    const end = await runner.run().catch((error: unknown) => {
      this.#trouble(error);
      return 'lost' as const;
    });
    abort.abort();
    this.#running.delete(key);
    if (end === 'stopped') this.#stopped.set(key, runner.lease);
    if (end === 'lost') this.#lost.set(key, performance.now());
    // When all of them end they are given back all at once.
    else if (this.#abort.signal.aborted || end === 'stopped') return;
    await this.#leases.release([runner.lease]).catch((error: unknown) => this.#trouble(error));
  }

  /** What is to be done for builds as a whole, where that is ours to do. */
  #lead(wanted: ReadonlyMap<string, Wanted>): void {
    const isOurs = (id: string): boolean => this.#running.has(leadingKey(id)) || this.#stopped.has(leadingKey(id));
    this.#leader.keepOnly(isOurs);
    for (const { build, share } of wanted.values()) {
      const projection = this.#byName.get(codeOf(build));
      if (share.shard !== LEADING_SHARD || !projection || !isOurs(build.id)) continue;
      this.#leader.lead(projection, build, (error) => this.#running.get(leadingKey(build.id))?.runner.fail(error));
    }
  }

  #trouble(error: unknown): void {
    this.#notice(trouble(error));
  }
}

/** Of the share whose owner leads. */
const leadingKey = (buildId: string): string => keyOf({ buildId, shard: LEADING_SHARD });
