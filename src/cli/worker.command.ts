/** `teampulse worker`: keeps the read models up to date and publishes the log, as a process of its own. */
import { Command } from 'commander';
import { loadConfig, requireConfig, type Config } from '../adapters/config/config.js';
import { EventStoreDbAdapter } from '../adapters/eventstore/eventstore-db.adapter.js';
import { createLogger, type Logger } from '../adapters/logging/logger.js';
import { PostgresWriteDatabase } from '../adapters/postgres/postgres-write-database.js';
import { allProjections } from '../capabilities.js';
import { eventCatalogue } from '../domain/event-catalogue.js';
import { formatPosition } from '../domain/shared/position.js';
import type { EngineNotice } from '../projections/engine/notices.js';
import { ProjectionWorker } from '../projections/engine/projection-worker.js';
import { asPort } from './arguments.js';
import { runPublisher } from './publisher.js';
import { runService, type Service } from './service.js';
import { startLoopWatchdog } from './worker/loop-watchdog.js';
import { startMonitor, type Monitor } from './worker/monitor.js';

export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'Keep the read models up to date with the log, and publish its events: to NATS_URL, else by NOTIFY.\n' +
        'Needs EVENTSTORE_URL and DATABASE_URL, or a running `teampulse up`. Several may run at once: they share the work.\n' +
        'Prints where it can be watched: /health/live, /health/ready and, for Prometheus, /metrics.',
    )
    .option('--port <port>', 'the port to be watched on (default: WORKER_HTTP_PORT, else any free one)', asPort)
    .action(async ({ port }: { port?: number }) => {
      const config = loadConfig();
      await runService(async () => {
        const worker = await startWorker({ ...config, workerHttpPort: port ?? config.workerHttpPort });
        console.log(worker.address);
        return worker;
      });
    });
}

async function startWorker(config: Config): Promise<Service & { readonly address: string }> {
  const { databaseUrl, eventstoreUrl, natsUrl } = requireConfig(config, 'databaseUrl', 'eventstoreUrl');
  const logger = createLogger({ name: 'worker', level: config.logLevel });
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  const database = new PostgresWriteDatabase(databaseUrl);
  const watchdog = startLoopWatchdog(allProjections, config.logLevel);
  const projections = new ProjectionWorker({
    log,
    database,
    projections: watchdog.projections,
    notice: (notice) => {
      if (notice.kind === 'applied') monitor?.metrics.applied(notice.projection, notice.events, notice.seconds);
      else report(notice, logger);
    },
  });
  const stopPublishing = new AbortController();
  let monitor: Monitor | undefined;
  try {
    monitor = await startMonitor({
      log,
      database,
      projections: allProjections,
      reader: () => projections.readTo,
      revive: () => {
        logger.warn('the reader of the log is dead, it is given a new connection');
        projections.readAnew();
      },
      host: config.workerHttpHost,
      port: config.workerHttpPort,
    });
    await projections.start();
  } catch (error) {
    await monitor?.close();
    await Promise.all([log.dispose(), database.close(), watchdog.stop()]);
    throw error;
  }
  const watching = monitor;
  const publishing = runPublisher({ databaseUrl, natsUrl, log, logger, signal: stopPublishing.signal });
  return {
    address: watching.address,
    async stop() {
      stopPublishing.abort();
      await Promise.all([projections.stop(), publishing, watching.close()]);
      await Promise.all([log.dispose(), database.close(), watchdog.stop()]);
    },
    ended: publishing,
  };
}

/** What people should know of a healthy worker is little; what stopped or waits, they should see. */
function report(notice: Exclude<EngineNotice, { kind: 'applied' }>, logger: Logger): void {
  const { kind, ...about } = notice;
  const fields = {
    ...('projection' in about && { projection: about.projection, build: about.build }),
    ...('position' in about && about.position && { position: formatPosition(about.position) }),
    ...('error' in about && { err: about.error }),
  };
  switch (notice.kind) {
    case 'stopped':
      logger.error({ ...fields, reason: notice.reason }, 'a read model stopped at an event that it can not apply');
      return;
    case 'parked': {
      const { type, eventId, reason, attempts } = notice;
      logger.error({ ...fields, type, eventId, reason, attempts }, 'a read model can not apply an event: it and what follows of its stream or row wait'); // prettier-ignore
      return;
    }
    case 'waiting':
      logger.warn(fields, 'a read model waits for Postgres');
      return;
    case 'trouble':
      logger.warn(fields, 'the log or Postgres can not be reached, will try again');
      return;
    case 'lost':
      logger.warn(fields, 'another process has taken a read model over');
      return;
    case 'switched':
      logger.info(fields, 'a read model serves now');
      return;
    case 'started':
    case 'caughtUp':
    case 'detached':
      logger.debug(fields, kind);
  }
}
