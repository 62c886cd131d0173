/** `teampulse up`: everything on this machine with one command, until Ctrl-C. */
import { Command } from 'commander';
import { ownConfig } from '../adapters/config/config.js';
import { createLogger } from '../adapters/logging/logger.js';
import { runService } from './service.js';
import { startInstallation, STOP_TIMEOUT_MS } from './up/installation.js';

export function upCommand(): Command {
  return new Command('up')
    .description(
      'Run everything on this machine, with nothing to install: Postgres, the event store, the worker and the API.\n' +
        'Parts that the environment names (DATABASE_URL, EVENTSTORE_URL, NATS_URL) are used instead of started.\n' +
        'Data stays in the folder TEAMPULSE_DATA. Ctrl-C stops everything.',
    )
    .action(up);
}

async function up(): Promise<void> {
  const config = ownConfig();
  const logger = createLogger({ name: 'up', level: config.logLevel });
  await runService(async (signal) => {
    const installation = await startInstallation(config, logger, signal);
    console.log(`TeamPulse is ready at ${installation.address} (data in ${config.dataFolder}). Ctrl-C stops it.`);
    console.log(`Health and figures of the read models: ${installation.monitorAddress}/health/ready and /metrics.`);
    return installation;
  }, STOP_TIMEOUT_MS);
}
