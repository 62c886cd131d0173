/** The API process: opens what the configuration names, serves GraphQL over it, and closes it all again. */
import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from './adapters/config/config.js';
import { requireConfig } from './adapters/config/config.js';
import { EventStoreDbAdapter } from './adapters/eventstore/eventstore-db.adapter.js';
import { createLogger, type Logger } from './adapters/logging/logger.js';
import { serveMonitor, type Health, type MonitorServer } from './adapters/metrics/monitor-server.js';
import { PrometheusApiMetrics } from './adapters/metrics/prometheus-api-metrics.js';
import { PostgresWriteDatabase } from './adapters/postgres/postgres-write-database.js';
import { PostgresReadDatabase } from './adapters/postgres/read-database.js';
import { ReplicatedReadDatabase } from './adapters/postgres/replicated-reads.js';
import { loadSigningKey } from './adapters/tokens/signing-key.js';
import { TokenService } from './adapters/tokens/token-service.js';
import { HealthController, type Check } from './api/server/health.controller.js';
import { createApi } from './app.module.js';
import { allProjections } from './capabilities.js';
import { eventCatalogue } from './domain/event-catalogue.js';
import { ControlRoom } from './projections/engine/control-room.js';

export interface ApiServer {
  /** `http://127.0.0.1:4000`. */
  readonly address: string;
  /** Where it can be watched: `http://127.0.0.1:4002`. */
  readonly monitorAddress: string;
  /** What it can't reach now, each with its configuration key and the reason; empty when it can serve. */
  missing(): Promise<readonly string[]>;
  /** Takes no more requests, ends subscriptions, answers what is under way, closes what it opened. */
  stop(): Promise<void>;
}

/** The address and port can't be used; `code` is the system's reason. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  constructor(
    message: string,
    readonly code: string,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * Starts the API as configured.
 * @throws ConfigError when an address is missing, ListenError
 */
export async function startApi(config: Config): Promise<ApiServer> {
  const { eventstoreUrl, databaseApiUrl } = requireConfig(config, 'eventstoreUrl', 'databaseApiUrl');
  const logger = createLogger({ name: 'api', level: config.logLevel });
  const tokens = new TokenService(await loadSigningKey(config.dataFolder, config.tokenPrivateKey));
  const store = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  const database = readsOf(databaseApiUrl, config.databaseReplicaUrl, logger);
  const control = controlOver(databaseApiUrl);
  const metrics = new PrometheusApiMetrics();
  let monitor: MonitorServer | undefined;
  const close = async (): Promise<void> =>
    void (await Promise.all([monitor?.close(), store.dispose(), database.close(), control.close()]));
  try {
    const app = await createApi(
      {
        store,
        log: store,
        database,
        tokens,
        control: new ControlRoom({ database: control, log: store, projections: allProjections }),
        metrics,
      },
      logger,
    );
    const checks = app.get(HealthController);
    const health = async (): Promise<Health> => healthOf(await checks.checks());
    // First, so that nothing has to be taken back when its port is taken.
    monitor = await listening(config.apiMonitorHost, config.apiMonitorPort, async (host, port) =>
      serveMonitor({ host, port, health, metrics: async () => metrics.page((await health()).ok, database.pools) }),
    );
    const address = await listen(app, config.httpHost, config.httpPort);
    return {
      address,
      monitorAddress: monitor.address,
      async missing() {
        const { postgres, eventStore } = await app.get(HealthController).checks();
        return [
          ...(postgres.ok ? [] : [`Postgres (DATABASE_API_URL) ${postgres.reason}`]),
          ...(eventStore.ok ? [] : [`the event store (EVENTSTORE_URL) ${eventStore.reason}`]),
        ];
      },
      async stop() {
        await app.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Queries go to the replica where there is one. */
function readsOf(
  databaseApiUrl: string,
  replicaUrl: string | undefined,
  logger: Logger,
): PostgresReadDatabase | ReplicatedReadDatabase {
  const primary = new PostgresReadDatabase(databaseApiUrl);
  if (replicaUrl === undefined) return primary;
  return new ReplicatedReadDatabase(primary, replicaUrl, (state) => {
    if (state.inUse) logger.info('queries go to the replica');
    else logger.warn({ err: state.error }, 'the replica can not be asked: queries go to the primary until it can');
  });
}

/** Operators are few: they must not take connections from queries, nor need any while nobody asks. */
export const controlOver = (databaseApiUrl: string): PostgresWriteDatabase =>
  new PostgresWriteDatabase(databaseApiUrl, { connections: 2, statementTimeoutMs: 5_000 });

const healthOf = (checks: Readonly<Record<string, Check>>): Health => {
  const problems = Object.entries(checks).flatMap(([part, check]) => (check.ok ? [] : [`${part}: ${check.reason}`]));
  return { ok: problems.length === 0, problems };
};

/** @returns the address, `http://127.0.0.1:4000` */
async function listen(app: NestFastifyApplication, host: string, port: number): Promise<string> {
  try {
    await app.init();
    // Not app.listen: Nest would log a failure, and then whoever catches it would tell it again.
    const server = app.getHttpAdapter().getInstance();
    return await listening(host, port, async () => server.listen({ host, port }));
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** @throws ListenError when that is why it failed */
async function listening<T>(
  host: string,
  port: number,
  listenOn: (host: string, port: number) => Promise<T>,
): Promise<T> {
  try {
    return await listenOn(host, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (LISTEN_CODES.has(code)) throw new ListenError(`can't listen on port ${port} of ${host}`, code, error);
    throw error;
  }
}

/** Taken; not for this user; not an address of this machine; no such name. */
const LISTEN_CODES = new Set(['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND']);
