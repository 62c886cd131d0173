/**
 * Keeps every projection's builds up to date. Reads the log once for all builds that are level with it, and once for all that
 * are found behind at the same time (rebuilds, the start of a worker), until they are level and join. One that can't keep up
 * with the others reads on its own until it has.
 *
 * Each build has one owner: whoever holds its lock in Postgres. The compare-and-set of the checkpoint is the last word.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent, LogItem } from '../ports/event-log.port.js';
import { comparePositions, PositionRegistry } from '../ports/position-registry.js';
import type { LockHolder, WriteDatabase } from '../ports/write-database.port.js';
import { positionOf, type Arrival } from './arrival-queue.js';
import { pausedProjections } from './build-life-cycle.js';
import { ensureBuilds, listBuilds, schemaOf, type Build } from './build-registry.js';
import { BuildRunner } from './build-runner.js';
import { runRequests } from './control-requests.js';
import { GroupCommitter } from './group-commit.js';
import type { EngineNotice } from './notices.js';
import type { Projection } from './projection.js';
import { requestHandlers } from './request-handlers.js';

/** Another worker's builds are asked for this often: so long may they rest after its death. */
const RECONCILE_MS = 2_000;
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

export class ProjectionWorker {
  readonly positions: PositionRegistry;
  readonly #running = new Map<string, Running>();
  /** Running, and not read for yet. */
  readonly #taken: Running[] = [];
  /** Builds that stopped at an event: not tried again by this process. */
  readonly #stopped = new Set<string>();
  readonly #abort = new AbortController();
  readonly #committer: GroupCommitter;
  readonly #notice: (notice: EngineNotice) => void;
  #sharedTo: LogPosition | undefined;
  #shared: Promise<void> | undefined;
  /** Ends the shared reader's subscription, so that it begins another. */
  #reading = new AbortController();
  #locks: LockHolder | undefined;
  #wake: (() => void) | undefined;
  /** Something was told while the builds were being looked after. */
  #isNews = false;
  #ended: Promise<void> | undefined;

  constructor(private readonly options: ProjectionWorkerOptions) {
    this.positions = options.positions ?? new PositionRegistry();
    this.#committer = new GroupCommitter(options.database);
    this.#notice = options.notice ?? (() => undefined);
  }

  /** Where the reader of the log stands; undefined before its first event. */
  get readTo(): LogPosition | undefined {
    return this.#sharedTo;
  }

  /** Goes on from there over a new connection: whoever watches the reader found the old one dead. */
  readAnew(): void {
    this.#reading.abort();
  }

  /** Makes what has to be made, and resolves once every build that is free is being run. */
  async start(): Promise<void> {
    const { database, projections } = this.options;
    for (const projection of projections) await ensureBuilds(database, projection);
    const hear = (): void => {
      this.#isNews = true;
      this.#wake?.();
    };
    database.listen('projection_control', hear, this.#abort.signal);
    await this.#reconcile();
    this.#ended = this.#keepReconciling();
  }

  /** Finishes the batches under way, and gives the builds free. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
    await this.#shared;
    await this.#stopAll();
    await this.#locks?.release();
  }

  async #keepReconciling(): Promise<void> {
    const { signal } = this.#abort;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#isNews ? 0 : RECONCILE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (signal.aborted) return;
      this.#isNews = false;
      await this.#reconcile().catch((error: unknown) => this.#trouble(error));
    }
  }

  /** Runs what should be run and is free; ends what no longer should. */
  async #reconcile(): Promise<void> {
    const { database, projections } = this.options;
    this.#locks ??= await this.#takeLocks();
    await runRequests(database, requestHandlers);
    const builds = await listBuilds(database);
    const paused = await pausedProjections(database);
    for (const projection of projections) {
      const own = builds.filter(({ projection: name }) => name === projection.name);
      const building = own.find(({ state }) => state === 'building');
      // A rebuild that somebody asked for has no tables yet; a version that was gone back from may come again.
      const asked = building ? !building.made : own.some(({ state, version }) => state === 'live' && version < projection.version); // prettier-ignore
      if (asked) await ensureBuilds(database, projection);
      for (const build of builds) {
        if (build.projection !== projection.name || build.version !== projection.version) continue;
        const wanted = (build.state === 'live' || build.state === 'building') && (build.made || asked) && !paused.has(projection.name); // prettier-ignore
        // Resumed by an operator: what it stopped at is tried again.
        if (!build.stopped) this.#stopped.delete(build.id);
        if (!wanted) this.#running.get(build.id)?.abort.abort();
        else if (!this.#running.has(build.id) && !this.#stopped.has(build.id)) {
          await this.#take(projection, build);
        }
      }
    }
    for (const { runner } of this.#running.values()) runner.lookForRequests();
    // Only now is every build known that was free: joined any earlier, one that is behind would miss what lies between it and
    // one that is taken after it, further on. The first builds decide where the shared reader begins: at the furthest.
    const taken = this.#taken.splice(0);
    if (!this.#shared) for (const { runner } of taken) if (isAfter(runner.position, this.#sharedTo)) this.#sharedTo = runner.position; // prettier-ignore
    const behind = this.#behind(taken);
    if (behind.length > 0) void this.#readTogether(behind);
    this.#shared ??= this.#readForAll();
  }

  async #takeLocks(): Promise<LockHolder> {
    const locks = await this.options.database.holdLocks();
    void this.#startAnewWhenLost(locks);
    return locks;
  }

  async #startAnewWhenLost(locks: LockHolder): Promise<void> {
    await locks.lost;
    if (this.#locks !== locks) return;
    // Somebody else may own our builds from now on; start anew from what is committed.
    this.#locks = undefined;
    await this.#stopAll();
    this.#wake?.();
  }

  async #take(projection: Projection, build: Build): Promise<void> {
    if (!(await this.#locks?.tryLock(schemaOf(build.id)))) return;
    // Read again under the lock: whoever had it before may have moved on since.
    const current = (await listBuilds(this.options.database)).find(({ id }) => id === build.id);
    if (!current) return;
    const abort = new AbortController();
    const parts = {
      database: this.options.database,
      committer: this.#committer,
      positions: this.positions,
      head: async () => this.options.log.head(),
      readAgain: this.options.log.readAgain.bind(this.options.log),
      notice: this.#notice,
    };
    const runner = new BuildRunner(projection, current, parts, abort.signal);
    this.#notice({ kind: 'started', projection: projection.name, build: build.id, position: current.position });
    const running: Running = { runner, abort, attached: false, done: this.#run(runner, abort) };
    this.#running.set(build.id, running);
    this.#taken.push(running);
  }

  async #run(runner: BuildRunner, abort: AbortController): Promise<void> {
    const end = await runner.run().catch((error: unknown) => {
      this.#trouble(error);
      return 'lost' as const;
    });
    abort.abort();
    if (end === 'stopped') this.#stopped.add(runner.build.id);
    this.#running.delete(runner.build.id);
    await this.#locks?.unlock(schemaOf(runner.build.id)).catch(() => undefined);
  }

  async #stopAll(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(async ({ done }) => done));
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
        const [only, another] = behind;
        const after = behind.map(({ runner }) => runner.queuedTo).reduce((a, b) => (isAfter(a, b) ? b : a));
        const typePrefixes = another || !only?.runner.types ? undefined : [...only.runner.types];
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
    const { projection, build } = running.runner;
    this.#notice({ kind: 'detached', projection: projection.name, build: build.id });
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

/** What a build takes of a stretch of the log. */
function stretchFor({ types, queuedTo }: BuildRunner, items: readonly LogItem[]): Arrival {
  const events: LoggedEvent[] = [];
  let caughtUp = false;
  for (const item of items) {
    if (item.kind === 'caughtUp') caughtUp = true;
    else if (item.kind === 'checkpoint') continue;
    else if (wants(types, item.kind === 'event' ? item.event.type : item.type) && isAfter(positionOf(item), queuedTo)) {
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
