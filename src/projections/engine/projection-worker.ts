/**
 * Keeps the builds of every projection up to date, together with whatever other workers there are. Each share of a build has one
 * owner; workers divide the shares evenly, take over what a dead one had, and give up what one who joins should have.
 *
 * A worker reads the log once for all its shares that are level with it, and once for all that are found behind at the same
 * time (rebuilds, the start of a worker), until they are level and join. One that can't keep up with the others reads on its
 * own until it has.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent, LogItem } from '../ports/event-log.port.js';
import { comparePositions, PositionRegistry } from '../ports/position-registry.js';
import { DatabaseError, type WriteDatabase } from '../ports/write-database.port.js';
import { positionOf, type Arrival } from './arrival-queue.js';
import { pausedProjections } from './build-life-cycle.js';
import { divide } from './balance.js';
import { lead, LEADING_SHARD, needsLeader } from './build-leader.js';
import { ensureBuilds, listBuilds, type Build, type Share } from './build-registry.js';
import { BuildRunner } from './build-runner.js';
import { runRequests } from './control-requests.js';
import { GroupCommitter } from './group-commit.js';
import { BEAT_MS, CONTROL_CHANNEL, Leases, type Lease } from './leases.js';
import type { EngineNotice } from './notices.js';
import type { Projection } from './projection.js';
import { requestHandlers } from './request-handlers.js';
import { shardOf } from './shard-of.js';

/** The control schema is looked at this often, told or not: so long may the shares of a worker that died rest. */
const RECONCILE_MS = 1_000;
/** What was lost is not taken again at once: whoever has it, or did this to us, should be seen to first. */
const LOST_MS = 500;
/** How long one full queue may hold back all others. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 500;
/** How long the shared reader waits at its start for builds that are nearly level, and how often it looks. */
const LEVEL_MS = 500;
const LOOK_MS = 10;

export interface ProjectionWorkerOptions {
  readonly log: EventLog;
  readonly database: WriteDatabase;
  readonly projections: readonly Projection[];
  readonly notice?: (notice: EngineNotice) => void;
  /** Told of every position this worker commits; for reading one's own writes inside the same process. */
  readonly positions?: PositionRegistry;
}

interface Running {
  readonly runner: BuildRunner;
  readonly abort: AbortController;
  /** Fed by the shared reader. */
  attached: boolean;
  readonly done: Promise<void>;
}

/** A share that may be run now, by whoever has the code. */
interface Wanted {
  readonly key: string;
  readonly build: Build;
  readonly share: Share;
}

export class ProjectionWorker {
  readonly positions: PositionRegistry;
  readonly #running = new Map<string, Running>();
  /** Shares that stopped at an event: ours, and not tried again until someone has acted. */
  readonly #stopped = new Map<string, Lease>();
  /** When shares were lost that are not to be taken again at once. */
  readonly #lost = new Map<string, number>();
  /** By build: what we do for it as a whole. */
  readonly #leading = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  readonly #byName: ReadonlyMap<string, Projection>;
  readonly #leases: Leases;
  readonly #abort = new AbortController();
  readonly #committer: GroupCommitter;
  readonly #notice: (notice: EngineNotice) => void;
  #sharedTo: LogPosition | undefined;
  #shared: Promise<void> | undefined;
  /** Ends the shared reader's subscription, so that it begins another. */
  #reading = new AbortController();
  #wake: (() => void) | undefined;
  /** Something was told while the builds were being looked after. */
  #isNews = false;
  #ended: Promise<void> | undefined;
  #beating: Promise<void> | undefined;
  readonly #stopBeating = new AbortController();
  /** Until the control schema is looked at again. */
  #restMs = RECONCILE_MS;

  constructor(private readonly options: ProjectionWorkerOptions) {
    this.positions = options.positions ?? new PositionRegistry();
    this.#committer = new GroupCommitter(options.database);
    this.#notice = options.notice ?? (() => undefined);
    this.#byName = new Map(options.projections.map((projection) => [codeOf(projection), projection]));
    this.#leases = new Leases(options.database, [...this.#byName.keys()]);
  }

  /** Where the reader of the log stands; undefined before its first event. */
  get readTo(): LogPosition | undefined {
    return this.#sharedTo;
  }

  /** Goes on from there over a new connection: whoever watches the reader found the old one dead. */
  readAnew(): void {
    this.#reading.abort();
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
    await this.#shared;
    await Promise.all([
      ...[...this.#running.values()].map(async ({ abort, done }) => (abort.abort(), done)),
      ...[...this.#leading.values()].map(async ({ abort, done }) => (abort.abort(), done)),
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
    await this.#makeWhatIsAsked();
    const wanted = await this.#wanted();
    this.#endUnwanted(wanted);
    const { alive, nextEndMs } = await this.#leases.workers();
    // Just after it ends, if it does.
    if (nextEndMs !== undefined) this.#restMs = Math.min(this.#restMs, nextEndMs + LOOK_MS);
    const owners = divide([...wanted.values()].map(({ key, build, share }) => ({ key, runs: codeOf(build), owner: share.owner })), alive); // prettier-ignore
    await this.#giveUp(owners);
    await this.#take([...wanted.values()].filter(({ key }) => owners.get(key) === this.id));
    // With nothing to do we are ready to, and follow the log from its end.
    if (!this.#shared) this.#sharedTo = await this.options.log.head();
    this.#shared ??= this.#readForAll();
    this.#lead(wanted);
    for (const { runner } of this.#running.values()) runner.lookForRequests();
  }

  /** A rebuild that somebody asked for has no tables yet; a version that was gone back from may come again. */
  async #makeWhatIsAsked(): Promise<void> {
    const { database, projections } = this.options;
    const builds = await listBuilds({ query: async (statement) => database.urgent(statement) });
    for (const projection of projections) {
      const own = builds.filter(({ projection: name }) => name === projection.name);
      const building = own.find(({ state }) => state === 'building');
      const asked = building ? !building.made : own.some(({ state, version }) => state === 'live' && version < projection.version); // prettier-ignore
      if (asked) await ensureBuilds(database, projection);
    }
  }

  /** Every share that should be run by somebody, by key. */
  async #wanted(): Promise<ReadonlyMap<string, Wanted>> {
    const control = { query: this.options.database.urgent.bind(this.options.database) };
    const paused = await pausedProjections(control);
    const wanted = new Map<string, Wanted>();
    for (const build of await listBuilds(control)) {
      if ((build.state !== 'live' && build.state !== 'building') || !build.made || paused.has(build.projection))
        continue;
      for (const share of build.shares) {
        const key = keyOf({ buildId: build.id, shard: share.shard });
        wanted.set(key, { key, build, share });
      }
    }
    return wanted;
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
    const wanted = await this.#wanted();
    const taken: Running[] = [];
    for (const lease of leases) {
      const now = wanted.get(keyOf(lease));
      const projection = now && this.#byName.get(codeOf(now.build));
      if (projection && now.share.epoch === lease.epoch) taken.push(this.#start(projection, now));
      else await this.#leases.release([lease]);
    }
    // Only now is every share known that was free: joined any earlier, one that is behind would miss what lies between it and
    // one that is taken after it, further on. The first ones decide where the shared reader begins: at the furthest.
    if (!this.#shared) for (const { runner } of taken) if (isAfter(runner.position, this.#sharedTo)) this.#sharedTo = runner.position; // prettier-ignore
    const behind = this.#behind(taken);
    if (behind.length > 0) void this.#readTogether(behind);
    this.#shared ??= this.#readForAll();
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

  /** Begins what is to be done for builds as a whole, if it is ours to do. */
  #lead(wanted: ReadonlyMap<string, Wanted>): void {
    const isOurs = (id: string): boolean => {
      const key = keyOf({ buildId: id, shard: LEADING_SHARD });
      return this.#running.has(key) || this.#stopped.has(key);
    };
    for (const [id, { abort }] of this.#leading) if (!isOurs(id)) abort.abort();
    for (const { build, share } of wanted.values()) {
      const projection = this.#byName.get(codeOf(build));
      if (share.shard !== LEADING_SHARD || !projection) continue;
      if (!isOurs(build.id) || !needsLeader(build) || this.#leading.has(build.id)) continue;
      const abort = new AbortController();
      const parts = { database: this.options.database, notice: this.#notice };
      const done = lead(parts, projection, build, abort.signal)
        .catch((error: unknown) => {
          const key = keyOf({ buildId: build.id, shard: LEADING_SHARD });
          const isOurFault = error instanceof DatabaseError && !error.transient;
          if (isOurFault && !build.indexed) this.#running.get(key)?.runner.fail(error);
          else this.#trouble(error);
        })
        .then(() => void this.#leading.delete(build.id));
      this.#leading.set(build.id, { abort, done });
    }
  }

  /** Feeds builds, from where the furthest behind of them is, until each is level with the shared reader. */
  async #readTogether(members: readonly Running[]): Promise<void> {
    let behind = members;
    while ((behind = this.#behind(behind)).length > 0) {
      const reading = new AbortController();
      const leave = (): void => {
        if (behind.every(({ abort }) => abort.signal.aborted)) reading.abort();
      };
      for (const { abort } of behind) abort.signal.addEventListener('abort', leave);
      try {
        const [only] = behind;
        const after = behind.map(({ runner }) => runner.queuedTo).reduce((a, b) => (isAfter(a, b) ? b : a));
        const isOne = behind.every(({ runner }) => runner.projection === only?.runner.projection);
        const typePrefixes = isOne && only?.runner.types ? [...only.runner.types] : undefined;
        for await (const items of this.options.log.subscribe({ after, typePrefixes, signal: reading.signal })) {
          for (const { runner } of behind) runner.offer(stretchFor(runner, items));
          behind = this.#behind(behind);
          if (behind.length === 0) return;
          behind = await this.#withRoom(behind);
        }
      } catch (error) {
        if (!reading.signal.aborted) this.#trouble(error);
      } finally {
        for (const { abort } of members) abort.signal.removeEventListener('abort', leave);
        reading.abort();
      }
      if (this.#behind(behind).length > 0) await delay(RETRY_MS);
    }
  }

  /** Those that have not joined the shared reader now, and have not ended. */
  #behind(members: readonly Running[]): readonly Running[] {
    return members.filter((running) => !running.abort.signal.aborted && !this.#join(running));
  }

  /** Waits until all can take more; one that takes too long goes on by itself. */
  async #withRoom(members: readonly Running[]): Promise<readonly Running[]> {
    const staying: Running[] = [];
    for (const running of members) {
      const { runner } = running;
      while (members.length === 1 && runner.queue.full && !runner.signal.aborted) {
        await runner.queue.room(PATIENCE_MS, runner.signal);
      }
      if (!runner.queue.full || (await runner.queue.room(PATIENCE_MS, runner.signal)) || runner.signal.aborted) {
        staying.push(running);
      } else this.#alone(running);
    }
    return staying;
  }

  #alone(running: Running): void {
    const { projection, lease } = running.runner;
    this.#notice({ kind: 'detached', projection: projection.name, build: lease.buildId });
    void this.#readTogether([running]);
  }

  /** A build that serves, and has read as far as the shared reader, needs no reader of its own. */
  #join(running: Running): boolean {
    const { runner } = running;
    if (!runner.serves || isAfter(this.#sharedTo, runner.queuedTo)) return false;
    running.attached = true;
    return true;
  }

  async #readForAll(): Promise<void> {
    const { signal } = this.#abort;
    // What was passed over is stored a moment later, so that builds rarely begin at the very same place: the reader waits until
    // those that are nearly level have joined, and then reads for all.
    for (let waited = 0; waited < LEVEL_MS && this.#anyBehind(); waited += LOOK_MS) await delay(LOOK_MS);
    while (!signal.aborted) {
      try {
        this.#reading = new AbortController();
        const until = AbortSignal.any([signal, this.#reading.signal]);
        for await (const items of this.options.log.subscribe({ after: this.#sharedTo, signal: until }))
          await this.#share(items);
      } catch (error) {
        if (!signal.aborted) this.#trouble(error);
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #anyBehind(): boolean {
    return [...this.#running.values()].some(({ runner, attached }) => runner.serves && !attached);
  }

  async #share(items: readonly LogItem[]): Promise<void> {
    const attached = [...this.#running.values()].filter((running) => running.attached);
    for (const { runner } of attached) runner.offer(stretchFor(runner, items));
    this.#sharedTo = endOf(items) ?? this.#sharedTo;
    for (const running of attached) {
      const { runner } = running;
      if (!runner.queue.full || (await runner.queue.room(PATIENCE_MS, runner.signal)) || runner.signal.aborted)
        continue;
      running.attached = false;
      this.#alone(running);
    }
  }

  #trouble(error: unknown): void {
    this.#notice({ kind: 'trouble', error: error instanceof Error ? error : new Error(String(error)) });
  }
}

/** `name@version`: code that can run it has the same. */
const codeOf = (what: Projection | Build): string =>
  `${'projection' in what ? what.projection : what.name}@${what.version}`;

const keyOf = ({ buildId, shard }: { readonly buildId: string; readonly shard: number }): string =>
  `${buildId}/${shard}`;

/** What a share takes of a stretch of the log. */
function stretchFor({ types, queuedTo, shards, lease }: BuildRunner, items: readonly LogItem[]): Arrival {
  const events: LoggedEvent[] = [];
  let caughtUp = false;
  for (const item of items) {
    if (item.kind === 'caughtUp') caughtUp = true;
    else if (item.kind === 'checkpoint') continue;
    else if (
      wants(types, item.kind === 'event' ? item.event.type : item.type) &&
      isAfter(positionOf(item), queuedTo) &&
      shardOf(item.kind === 'event' ? item.event.streamName : item.streamName, shards) === lease.shard
    ) {
      events.push(item);
    }
  }
  return { events, to: endOf(items), caughtUp };
}

const wants = (types: ReadonlySet<string> | undefined, type: string): boolean => types === undefined || types.has(type);

function endOf(items: readonly LogItem[]): LogPosition | undefined {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item && item.kind !== 'caughtUp') return item.kind === 'event' ? item.event.position : item.position;
  }
  return undefined;
}

/** Whether `a` is later than `b`; undefined is before the first event. */
const isAfter = (a: LogPosition | undefined, b: LogPosition | undefined): boolean =>
  a !== undefined && (b === undefined || comparePositions(a, b) > 0);
