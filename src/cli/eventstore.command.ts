/** `teampulse eventstore`: the embedded event store as a server of its own. */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ownConfig } from '../adapters/config/config.js';
import { startEmbeddedEventStore } from '../adapters/embedded-eventstore/embedded-eventstore.js';
import { startEmbeddedPostgres } from '../adapters/embedded-postgres/embedded-postgres.js';
import { createLogger } from '../adapters/logging/logger.js';
import { ensureDatabases } from '../adapters/postgres/prepare-server.js';
import { runService, type Service } from './service.js';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly postgresUrl?: string;
  readonly data?: string;
}

export function eventstoreCommand(): Command {
  return new Command('eventstore')
    .description(
      'Serve the embedded event store: one node that speaks the gRPC protocol of EventStoreDB and keeps its events in\n' +
        'Postgres. Prints the connection string once it can be used. Ctrl-C stops it.',
    )
    .option('--port <port>', 'the port to listen on; 0 takes any free one', asPort, 2113)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option(
      '--postgres-url <url>',
      'a database of its own (default: EVENTSTORE_DATABASE_URL, else an embedded Postgres)',
    )
    .option('--data <folder>', 'where the embedded Postgres keeps its data (default: TEAMPULSE_DATA)')
    .action(async (options: Options) => {
      await runService(async () => serve(options));
    });
}

async function serve({ port, host, postgresUrl, data }: Options): Promise<Service> {
  const config = ownConfig();
  const log = createLogger({ name: 'eventstore', level: config.logLevel });
  const configured = postgresUrl ?? (data === undefined ? config.eventstoreDatabaseUrl : undefined);
  const postgres =
    configured === undefined
      ? await startEmbeddedPostgres({ dataFolder: join(data ?? config.dataFolder, 'postgres'), logger: log })
      : undefined;
  try {
    if (postgres) await ensureDatabases(postgres.url(), ['eventstore']);
    const store = await startEmbeddedEventStore({
      postgresUrl: configured ?? postgres?.url('eventstore') ?? '',
      host,
      port,
      log,
    });
    console.log(store.connectionString);
    return {
      address: store.connectionString,
      stop: async () => {
        await store.stop();
        await postgres?.stop();
      },
    };
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
}

function asPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}
