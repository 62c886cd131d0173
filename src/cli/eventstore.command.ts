/** `teampulse eventstore`: the embedded event store as a server of its own, and what its keepers need. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { ownConfig, type Config } from '../adapters/config/config.js';
import { createLogger } from '../adapters/logging/logger.js';
import { asPort } from './arguments.js';
import { ephemeralDatabase, serveDatabase, sweepEphemeral, takesPlace, type Place } from './eventstore/database.js';
import { findIdentity } from './eventstore/identity.js';
import { backupCommand, restoreCommand, statsCommand, verifyCommand } from './eventstore/maintain.js';
import { exportCommand, importLogCommand } from './eventstore/transfer.js';
import { runService, type Service } from './service.js';

interface Options extends Place {
  readonly port: number;
  readonly host: string;
  readonly ephemeral?: true;
  readonly secure?: true;
  readonly auth?: true;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly maxAppendSize?: number;
}

/** The protocol's largest message is 17 MiB. */
const LARGEST_APPEND = 16 * 1024 * 1024;

export function eventstoreCommand(): Command {
  const command = new Command('eventstore')
    .description(
      'Serve the embedded event store: one node that speaks the gRPC protocol of EventStoreDB and keeps its events in\n' +
        'Postgres. Prints the connection string once it can be used. Ctrl-C stops it.',
    )
    // So that `eventstore backup --data …` is the subcommand’s option.
    .enablePositionalOptions()
    .option('--port <port>', 'the port to listen on; 0 takes any free one', asPort, 2113)
    .option('--host <address>', 'the address to listen on', '127.0.0.1');
  takesPlace(command)
    .addOption(
      new Option('--ephemeral', 'start empty, and throw everything away at the end').conflicts(['data', 'postgresUrl']),
    )
    .addOption(
      new Option('--secure', 'TLS, users and access lists, as a real node unless started insecure').conflicts('auth'),
    )
    .option('--auth', 'users and access lists over plain text: for use behind a proxy that ends TLS')
    .option('--certificate <file>', 'for --secure: the server’s certificate, PEM (default: one made and kept here)')
    .option('--private-key <file>', 'for --secure: the key of the certificate, PEM')
    .option(
      '--max-append-size <bytes>',
      'the most that one append may write, up to 16 MiB (default: 1048576, as on a real node)',
      asAppendSize,
    )
    .action(async (options: Options) => {
      const given = [options.certificate, options.privateKey].filter((file) => file !== undefined).length;
      if (given === 1) command.error('error: --certificate and --private-key are given together or not at all');
      if (given > 0 && !options.secure) command.error('error: a certificate is for --secure');
      await runService(async () => serve(options, ownConfig()));
    });
  for (const tool of [statsCommand, verifyCommand, backupCommand, restoreCommand, exportCommand, importLogCommand]) {
    command.addCommand(tool());
  }
  return command;
}

async function serve(options: Options, config: Config): Promise<Service> {
  const log = createLogger({ name: 'eventstore', level: config.logLevel });
  // While Postgres starts, the rest is loaded.
  const loading = import('../adapters/embedded-eventstore/embedded-eventstore.js');
  const ephemeral = options.ephemeral ? await ephemeralDatabase(log) : undefined;
  const database = ephemeral ?? (await serveDatabase(options, config, log));
  try {
    const { host, port, secure, auth, maxAppendSize } = options;
    const folder = ephemeral?.folder ?? options.data ?? config.dataFolder;
    const { startEmbeddedEventStore } = await loading;
    const store = await startEmbeddedEventStore({
      postgresUrl: database.url,
      host,
      port,
      log,
      ...(maxAppendSize !== undefined && { maxAppendSize }),
      ...(secure && { tls: await findIdentity(options, folder) }),
      ...((secure ?? auth) && { users: config.eventstorePasswords }),
    });
    console.log(store.connectionString);
    for (const [user, password] of Object.entries(store.madePasswords)) {
      // Not by the logger: logs are kept.
      console.log(`The password of ${user}, shown this once: ${password}`);
    }
    if (!secure && !auth && !isLoopback(host)) {
      log.warn(
        { host },
        'everybody who reaches this address may do everything: use --secure, or a network of your own',
      );
    }
    if (ephemeral) void sweepEphemeral();
    return {
      address: store.connectionString,
      stop: async () => {
        await store.stop();
        await database.stop();
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

function asAppendSize(text: string): number {
  const bytes = Number(text);
  if (!/^\d+$/.test(text) || bytes < 1_024 || bytes > LARGEST_APPEND) {
    throw new InvalidArgumentError(`it is a number of bytes from 1024 to ${LARGEST_APPEND}.`);
  }
  return bytes;
}
