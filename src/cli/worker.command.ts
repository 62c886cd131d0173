/** `teampulse worker`: keeps the read models up to date and publishes the log, as a process of its own. */
import { Command } from 'commander';
import { loadConfig, requireConfig, type Config } from '../adapters/config/config.js';
import { EventStoreDbAdapter } from '../adapters/eventstore/eventstore-db.adapter.js';
import { createLogger } from '../adapters/logging/logger.js';
import { eventCatalogue } from '../domain/event-catalogue.js';
import { runPublisher } from './publisher.js';
import { runService, type Service } from './service.js';

export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'Keep the read models up to date with the log, and publish its events: to NATS_URL, else by NOTIFY.\n' +
        'Needs EVENTSTORE_URL and DATABASE_URL, or a running `teampulse up`. Several may run at once: they share the work.',
    )
    .action(async () => {
      const config = loadConfig();
      await runService(async () => startWorker(config));
    });
}

async function startWorker(config: Config): Promise<Service> {
  const { databaseUrl, eventstoreUrl, natsUrl } = requireConfig(config, 'databaseUrl', 'eventstoreUrl');
  const logger = createLogger({ name: 'worker', level: config.logLevel });
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  const stop = new AbortController();
  const publishing = runPublisher({ databaseUrl, natsUrl, log, logger, signal: stop.signal });
  return {
    async stop() {
      stop.abort();
      await publishing;
      await log.dispose();
    },
    ended: publishing,
  };
}
