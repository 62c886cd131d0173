/**
 * What the bench runs on: one Postgres with fsync, and for each log an event store of the build as a process of its own, with its
 * database; for each set of projections a database of read models and a worker.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { restoreStore } from '../../../src/adapters/embedded-eventstore/maintenance/restore.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.js'; // prettier-ignore
import type { ArchivedEvent } from '../../../src/adapters/event-archive/archive.js';
import { EventStoreDbAdapter } from '../../../src/adapters/eventstore/eventstore-db.adapter.js';
import { ensureApiLogin, ensureDatabases } from '../../../src/adapters/postgres/prepare-server.js';
import { PostgresWriteDatabase } from '../../../src/adapters/postgres/postgres-write-database.js';
import { eventCatalogue } from '../../../src/domain/event-catalogue.js';
import { listBuilds, type Build } from '../../../src/projections/engine/build-registry.js';
import { outcomesOf, submitRequests } from '../../../src/projections/engine/control-requests.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { Child, endAll } from './child.js';
import { Meter } from './meter.js';
import type { ProjectionSet } from './projection-sets.js';
import { eventOf } from './sales-log.js';
import type { WorkerSetup } from './worker.js';

/** The build, as it runs in production. */
const MAIN = resolve('dist/cli/main.js');
/** For a read model that does not get further, in which time even a busy machine applies some batches. */
const STUCK_MS = 120_000;
const LOOK_MS = 25;

export class Installation {
  #serial = 0;

  private constructor(
    private readonly folder: string,
    readonly postgres: EmbeddedPostgres,
  ) {}

  static async start(): Promise<Installation> {
    if (!existsSync(MAIN)) throw new Error('there is no build: run `npm run build` first');
    const folder = scratchFolder('bench');
    try {
      return new Installation(folder, await startEmbeddedPostgres({ dataFolder: folder }));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await endAll();
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** An event store with so many events of a shop's log, put there as a restore does: the same table as by appends. */
  async log(events: number, workspaces = 1): Promise<SalesLog> {
    const database = await this.database('log');
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    await restoreStore(this.postgres.url(database), archived(events, workspaces), { renumber: false, log: quiet });
    const store = new Child(MAIN, ['eventstore', '--port', '0', '--postgres-url', this.postgres.url(database)]);
    const { address } = await store.says<{ readonly address: string }>();
    return new SalesLog(this, database, store, address, events, workspaces);
  }

  async database(kind: string): Promise<string> {
    const name = `${kind}_${++this.#serial}`;
    await ensureDatabases(this.postgres.url(), [name]);
    return name;
  }

  async drop(database: string): Promise<void> {
    const client = new Client({ connectionString: this.postgres.url() });
    await client.connect();
    try {
      await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    } finally {
      await client.end();
    }
  }
}

async function* archived(events: number, workspaces: number): AsyncGenerator<ArchivedEvent> {
  for (let n = 0; n < events; n++) {
    const { stream, revision, id, type, data, metadata, recordedAt } = eventOf(n, workspaces);
    yield { position: BigInt(n + 1), stream, revision: BigInt(revision), id, type, isJson: true, recordedAt, data: bytes(data), metadata: bytes(metadata) }; // prettier-ignore
  }
}

const bytes = (value: object): Buffer => Buffer.from(JSON.stringify(value));

export class SalesLog {
  /** Sales appended since, for the next writer to number on. */
  appended = 0;
  readonly #models: ReadModels[] = [];

  constructor(
    readonly installation: Installation,
    readonly database: string,
    readonly store: Child,
    readonly url: string,
    readonly events: number,
    readonly workspaces: number,
  ) {}

  /** Commit position of its last event. */
  async head(): Promise<bigint> {
    const log = new EventStoreDbAdapter(this.url, eventCatalogue);
    try {
      return (await log.head())?.commit ?? -1n;
    } finally {
      await log.dispose();
    }
  }

  /** An empty database of read models, and no worker yet. */
  async readModels(set: ProjectionSet): Promise<ReadModels> {
    const database = await this.installation.database('read');
    const url = this.installation.postgres.url(database);
    const { PATH, HOME } = process.env;
    // The build finds the migrations beside it; what is compiled for the bench stands elsewhere.
    await promisify(execFile)(process.execPath, [MAIN, 'migrate'], { env: { ...(PATH && { PATH }), ...(HOME && { HOME }), DATABASE_URL: url }, timeout: 60_000 }); // prettier-ignore
    const models = new ReadModels(this, set, database, url, await ensureApiLogin(url, 'bench_api', 'bench'));
    this.#models.push(models);
    return models;
  }

  async end(): Promise<void> {
    for (const models of this.#models) await models.end();
    await this.store.end();
    await this.installation.drop(this.database);
  }
}

export class ReadModels {
  #worker: Child | undefined;
  readonly control: PostgresWriteDatabase;
  #ended = false;

  constructor(
    readonly log: SalesLog,
    private readonly set: ProjectionSet,
    readonly database: string,
    readonly url: string,
    readonly apiUrl: string,
  ) {
    this.control = new PostgresWriteDatabase(url);
  }

  get worker(): Child {
    if (!this.#worker) throw new Error('no worker runs');
    return this.#worker;
  }

  /** Begins to build what is not built. */
  async startWorker(): Promise<void> {
    const setup: WorkerSetup = { eventstoreUrl: this.log.url, databaseUrl: this.url, set: this.set };
    this.#worker = new Child('./worker.js', [JSON.stringify(setup)]);
    await this.#worker.says();
  }

  meter(): Meter {
    const processes = new Map([
      [this.worker.pid, 'worker'],
      [this.log.store.pid, 'event store'],
    ]);
    const databases = new Map([
      [this.log.database, 'postgres of the log'],
      [this.database, 'postgres of the read models'],
    ]);
    return new Meter(this.log.installation.postgres.cluster, processes, databases);
  }

  /** Until every read model that serves has applied the whole log, and has its indexes. @returns events applied, by build */
  async caughtUp(): Promise<void> {
    const head = await this.log.head();
    await this.until('every read model has caught up', (builds) =>
      builds
        .filter(({ state }) => state === 'live')
        .every(({ indexed, position }) => indexed && (position?.commit ?? -1n) >= head),
    );
  }

  /** Asks for builds beside those that serve. @returns the ids of the new builds */
  async rebuild(names: readonly string[]): Promise<readonly string[]> {
    const requests = names.map((projection) => ({
      kind: 'rebuild',
      projection,
      arguments: {},
      requestedBy: 'cli:bench',
    }));
    const ids = await submitRequests(this.control, requests);
    for (const end = performance.now() + STUCK_MS; performance.now() < end; await delay(LOOK_MS)) {
      const outcomes = [...(await outcomesOf(this.control, ids)).values()];
      const refused = outcomes.find(({ accepted }) => !accepted);
      if (refused) throw new Error(`a rebuild was refused: ${refused.message}`);
      if (outcomes.length === ids.length) return outcomes.map(({ build }) => String(build));
    }
    throw new Error('no worker took up the rebuild');
  }

  async serves(ids: readonly string[]): Promise<void> {
    await this.until('the new builds serve', (builds) =>
      ids.every((id) => builds.some((build) => build.id === id && build.state === 'live')),
    );
  }

  /** Looks at the builds until they are as wanted. @throws when one stopped, or none got any further for two minutes */
  async until(what: string, isReached: (builds: readonly Build[]) => boolean): Promise<void> {
    let before = '';
    for (let news = performance.now(); ; await delay(LOOK_MS)) {
      const builds = await listBuilds(this.control);
      const stopped = builds.find(({ stopped: stop }) => stop);
      if (stopped?.stopped) throw new Error(`${stopped.projection} stopped: ${stopped.stopped.reason}`);
      if (builds.length > 0 && isReached(builds)) return;
      const now = JSON.stringify(builds.map(({ id, state, indexed, events, position }) => [id, state, indexed, events, String(position?.commit)])); // prettier-ignore
      if (now !== before) news = performance.now();
      else if (performance.now() - news > STUCK_MS) throw new Error(`waited in vain until ${what}: ${now}`);
      before = now;
    }
  }

  async count(sql: string): Promise<number> {
    return Number((await this.control.query({ text: sql }))[0]?.[0] ?? 0);
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.control.close();
    await this.#worker?.end();
    await this.log.installation.drop(this.database);
  }
}
