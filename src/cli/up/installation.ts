/**
 * A whole TeamPulse on this machine: Postgres → event store → migrations → worker and API, and NATS where there is a
 * nats-server. Parts that the environment names are used instead of started. Stopped in the opposite order, so that
 * nobody loses what he still writes to.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { requireConfig, type Config } from '../../adapters/config/config.js';
import { removeRunning, writeRunning } from '../../adapters/config/running.js';
import { startEmbeddedPostgres } from '../../adapters/embedded-postgres/embedded-postgres.js';
import { createLineWriter } from '../../adapters/logging/line-writer.js';
import type { Logger } from '../../adapters/logging/logger.js';
import { ensureApiLogin, ensureDatabases } from '../../adapters/postgres/prepare-server.js';
import { CliError } from '../failure.js';
import { lockDataFolder } from './data-lock.js';
import { hasNatsServer, launchNatsServer, openNatsFolder } from './nats-server.js';
import { Part, type PartOptions } from './part.js';
import { forkSubcommand } from './subcommand.js';

export interface Installation {
  /** Where people go: `http://127.0.0.1:4000`. */
  readonly address: string;
  /** Where the worker's health and figures are: `http://127.0.0.1:4001`. */
  readonly monitorAddress: string;
  readonly config: Config;
  /** Rejects when a part ended that could not be started again. */
  readonly ended: Promise<void>;
  /** Stops everything, in order. May be called again. */
  stop(): Promise<void>;
}

/** For all parts together: what container runtimes give before they kill. */
export const STOP_TIMEOUT_MS = 10_000;
/** A little less: this process has to end as well. */
const STOP_WITHIN_MS = STOP_TIMEOUT_MS - 500;
/** What every step leaves to each one behind it: enough to be killed, and for Postgres to end without its checkpoint. */
const STOP_RESERVE_MS = 1_100;

/** Given how long it may take. */
type Step = (withinMs: number) => Promise<void> | void;
type OnLine = (name: string, line: string) => void;
/** Starts parts side by side, and gives their addresses when all are ready. */
type StartParts = (
  ...launches: readonly (readonly [name: string, launch: PartOptions['launch']])[]
) => Promise<(string | undefined)[]>;

/**
 * Starts everything that `config` does not name. Nothing is left behind when it fails or is interrupted.
 * @throws ConfigError, CliError, EmbeddedPostgresError with a message for the person who started it; the reason of
 * `signal` when that interrupted it
 */
export async function startInstallation(config: Config, logger: Logger, signal: AbortSignal): Promise<Installation> {
  const toStop: Step[] = [];
  let stopping = Promise.resolve();
  const stop = async (): Promise<void> => (stopping = stopping.then(async () => stopInOrder(toStop, logger)));
  // Whatever is waited for while starting ends then.
  const interrupt = (): void => void stop();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return { ...(await startParts(config, logger, toStop, signal)), stop };
  } catch (error) {
    await stop();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** Each step takes the time it needs, as long as enough is left for those behind it. */
async function stopInOrder(toStop: Step[], logger: Logger): Promise<void> {
  const end = performance.now() + STOP_WITHIN_MS;
  for (let step = toStop.pop(); step; step = toStop.pop()) {
    try {
      await step(Math.max(end - performance.now() - toStop.length * STOP_RESERVE_MS, 0));
    } catch (error) {
      logger.error({ err: error }, 'a part could not be stopped');
    }
  }
}

async function startParts(
  config: Config,
  logger: Logger,
  toStop: Step[],
  signal: AbortSignal,
): Promise<Omit<Installation, 'stop'>> {
  const { dataFolder } = config;
  const onLine = createLineWriter();
  toStop.push(lockDataFolder(dataFolder));

  const databases = await findDatabases(config, toStop, logger);
  const endings: Promise<unknown>[] = [];
  const start: StartParts = async (...launches) => {
    signal.throwIfAborted();
    const parts = launches.map(([name, launch]) => new Part({ name, launch, logger }));
    toStop.push(async (withinMs) => void (await Promise.all(parts.map(async (part) => part.stop(withinMs)))));
    await Promise.all(parts.map(async (part) => part.start()));
    endings.push(...parts.map((part) => part.ended));
    return parts.map((part) => part.address);
  };

  const natsUrl = config.natsUrl ?? (await startNats(start, dataFolder, onLine, logger));
  const eventstoreUrl = config.eventstoreUrl ?? (await startEventStore(start, databases.eventstoreDatabaseUrl, onLine));
  const databaseApiUrl = await migrateAndLetApiIn(databases, config);
  const environment = {
    DATABASE_URL: databases.databaseUrl,
    DATABASE_API_URL: databaseApiUrl,
    // Empty counts as unset: a server of our own has none.
    DATABASE_REPLICA_URL: databases.own ? '' : (config.databaseReplicaUrl ?? ''),
    EVENTSTORE_URL: eventstoreUrl,
    // NOTIFY stands in.
    NATS_URL: natsUrl ?? '',
    TEAMPULSE_DATA: dataFolder,
  };
  const httpPort = await freeOr(config.httpPort, config.httpHost, logger);
  const [workerAddress, address] = await start(
    ['worker', (before) => forkSubcommand('worker', portArgs(before, config.workerHttpPort), environment, onLine)],
    ['api', (before) => forkSubcommand('api', portArgs(before, httpPort), environment, onLine)],
  );
  const url = new URL(known(address, 'the API'));
  const running = {
    databaseUrl: databases.databaseUrl,
    databaseApiUrl,
    eventstoreUrl,
    natsUrl,
    httpHost: url.hostname,
    httpPort: Number(url.port),
  };
  const monitorAddress = known(workerAddress, 'the worker');
  writeRunning(dataFolder, { pid: process.pid, ...running, monitorAddress });
  toStop.push(() => removeRunning(dataFolder));
  return { address: url.origin, monitorAddress, config: Object.freeze({ ...config, ...running }), ended: anyFailure(endings) }; // prettier-ignore
}

interface Databases {
  readonly databaseUrl: string;
  /** Undefined when the environment names an event store. */
  readonly eventstoreDatabaseUrl: string | undefined;
  /** Of a server of our own, where we make the API's login ourselves. */
  readonly own: boolean;
}

async function findDatabases(config: Config, toStop: Step[], logger: Logger): Promise<Databases> {
  const needsLog = config.eventstoreUrl === undefined;
  if (config.databaseUrl !== undefined && (!needsLog || config.eventstoreDatabaseUrl !== undefined)) {
    const { databaseUrl } = requireConfig(config, 'databaseUrl', 'databaseApiUrl');
    return { databaseUrl, eventstoreDatabaseUrl: config.eventstoreDatabaseUrl, own: false };
  }
  logger.debug('starting Postgres');
  const postgres = await startEmbeddedPostgres({ dataFolder: join(config.dataFolder, 'postgres'), logger });
  toStop.push(async (withinMs) => postgres.stop(withinMs));
  await ensureDatabases(postgres.url(), ['teampulse', 'eventstore']);
  const own = config.databaseUrl === undefined;
  return {
    databaseUrl: config.databaseUrl ?? postgres.url('teampulse'),
    eventstoreDatabaseUrl: config.eventstoreDatabaseUrl ?? postgres.url('eventstore'),
    own,
  };
}

/** Undefined where there is no nats-server: NOTIFY stands in. */
async function startNats(
  start: StartParts,
  dataFolder: string,
  onLine: OnLine,
  logger: Logger,
): Promise<string | undefined> {
  if (!hasNatsServer()) return undefined;
  const folder = join(dataFolder, 'nats');
  await openNatsFolder(folder, logger);
  const [address] = await start(['nats-server', (before) => launchNatsServer(folder, before, onLine)]);
  return known(address, 'nats-server');
}

async function startEventStore(start: StartParts, databaseUrl: string | undefined, onLine: OnLine): Promise<string> {
  const environment = { EVENTSTORE_DATABASE_URL: databaseUrl ?? '' };
  const [address] = await start([
    'eventstore',
    (before) => forkSubcommand('eventstore', portArgs(before, 0), environment, onLine),
  ]);
  return known(address, 'the event store');
}

/** Everybody else knows the first address: after a crash a part comes back there. */
const portArgs = (address: string | undefined, first: number): string[] => [
  '--port',
  address === undefined ? String(first) : (/:(\d+)/.exec(address)?.[1] ?? String(first)),
];

function known(address: string | undefined, part: string): string {
  if (address === undefined) throw new CliError(`${part} did not say where it listens`, 'this is a fault in TeamPulse');
  return address;
}

async function migrateAndLetApiIn(databases: Databases, config: Config): Promise<string> {
  const { migrate } = await import('../../adapters/postgres/migrate.js');
  await migrate(databases.databaseUrl);
  if (!databases.own) return requireConfig(config, 'databaseApiUrl').databaseApiUrl;
  return ensureApiLogin(databases.databaseUrl, 'teampulse_api', apiPassword(config.dataFolder));
}

function apiPassword(dataFolder: string): string {
  const file = join(dataFolder, 'api-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** The port people expect, or any free one when somebody else has it. */
async function freeOr(port: number, host: string, logger: Logger): Promise<number> {
  const taken = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true));
    probe.listen(port, host, () => probe.close(() => resolve(false)));
  });
  if (taken) logger.warn({ port }, 'the port is taken, another one is used');
  return taken ? 0 : port;
}

/** Never resolves: parts that were stopped on purpose are no news. */
async function anyFailure(endings: readonly Promise<unknown>[]): Promise<void> {
  return new Promise((_, reject) => {
    for (const ending of endings) ending.catch(reject);
  });
}
