/**
 * Configuration: read from the environment once, checked whole, frozen. Every problem is named at once.
 *
 * A `teampulse up` on the same data folder lends the addresses of its parts to other commands (`import`, `events`,
 * `projections` …), so that they need no environment either; as soon as the environment names a server itself,
 * nothing is borrowed, so that two installations are never mixed.
 */
import { resolve } from 'node:path';
import { configSchema, describeKey, type ConfigKey, type Environment } from './schema.js';
import { readRunning } from './running.js';

export interface Config {
  readonly databaseUrl: string | undefined;
  readonly databaseApiUrl: string | undefined;
  readonly databaseReplicaUrl: string | undefined;
  readonly eventstoreUrl: string | undefined;
  readonly eventstoreDatabaseUrl: string | undefined;
  /** Of the embedded store's users, at its first start. */
  readonly eventstorePasswords: { readonly admin?: string; readonly ops?: string };
  readonly natsUrl: string | undefined;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly apiMonitorHost: string;
  readonly apiMonitorPort: number;
  readonly workerHttpHost: string;
  readonly workerHttpPort: number;
  /** Absolute. */
  readonly dataFolder: string;
  readonly tokenPrivateKey: Readonly<Record<string, unknown>> | undefined;
  readonly auditPrivateKey: Readonly<Record<string, unknown>> | undefined;
  readonly importHttpToken: string | undefined;
  readonly logLevel: Environment['LOG_LEVEL'];
}

/** The configuration is wrong: `message` lists every problem with its key, what is wrong and what to do. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  override readonly name = 'ConfigError';
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the configuration. An empty value counts as unset.
 * @throws ConfigError naming every problem
 */
export function parseConfig(variables: Variables): Config {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = configSchema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const key = configSchema.keyof().parse(issue.path[0]);
      return `  ${key} ${issue.message}: ${describeKey(key).fix}`;
    });
    throw new ConfigError(`The configuration has ${lines.length} problem(s):\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  return Object.freeze({
    databaseUrl: env.DATABASE_URL,
    databaseApiUrl: env.DATABASE_API_URL,
    databaseReplicaUrl: env.DATABASE_REPLICA_URL,
    eventstoreUrl: env.EVENTSTORE_URL,
    eventstoreDatabaseUrl: env.EVENTSTORE_DATABASE_URL,
    eventstorePasswords: {
      ...(env.EVENTSTORE_DEFAULT_ADMIN_PASSWORD !== undefined && { admin: env.EVENTSTORE_DEFAULT_ADMIN_PASSWORD }),
      ...(env.EVENTSTORE_DEFAULT_OPS_PASSWORD !== undefined && { ops: env.EVENTSTORE_DEFAULT_OPS_PASSWORD }),
    },
    natsUrl: env.NATS_URL,
    httpHost: env.HTTP_HOST,
    httpPort: env.HTTP_PORT,
    apiMonitorHost: env.API_MONITOR_HOST,
    apiMonitorPort: env.API_MONITOR_PORT,
    workerHttpHost: env.WORKER_HTTP_HOST,
    workerHttpPort: env.WORKER_HTTP_PORT,
    dataFolder: resolve(env.TEAMPULSE_DATA),
    tokenPrivateKey: env.TOKEN_PRIVATE_KEY,
    auditPrivateKey: env.AUDIT_PRIVATE_KEY,
    importHttpToken: env.IMPORT_HTTP_TOKEN,
    logLevel: env.LOG_LEVEL,
  });
}

/** The environment alone, with nothing borrowed from a running `teampulse up`. */
export const ownConfig = (): Config => parseConfig(process.env);

/** The environment of a child process: this one's, with some keys set. */
export const childEnvironment = (keys: Partial<Record<ConfigKey, string>>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...keys,
});

/** Whether errors show their stack. Holds also while the configuration itself is what is wrong. */
export const showsStacks = (): boolean => ['debug', 'trace'].includes(process.env['LOG_LEVEL'] ?? '');

let loaded: Config | undefined;

/** What every command uses: the environment, and where it names no server, those of the `teampulse up` on the data folder. */
export function loadConfig(): Config {
  loaded ??= borrow(ownConfig());
  return loaded;
}

function borrow(config: Config): Config {
  const namesAServer =
    config.databaseUrl ?? config.databaseApiUrl ?? config.eventstoreUrl ?? config.eventstoreDatabaseUrl;
  const running = namesAServer === undefined ? readRunning(config.dataFolder) : undefined;
  if (!running) return config;
  return Object.freeze({
    ...config,
    databaseUrl: running.databaseUrl,
    databaseApiUrl: running.databaseApiUrl,
    // Whatever that would be, it is none of a database that `up` runs.
    databaseReplicaUrl: undefined,
    eventstoreUrl: running.eventstoreUrl,
    natsUrl: config.natsUrl ?? running.natsUrl,
    httpHost: running.httpHost,
    httpPort: running.httpPort,
  });
}

const keyOf = {
  databaseUrl: 'DATABASE_URL',
  databaseApiUrl: 'DATABASE_API_URL',
  eventstoreUrl: 'EVENTSTORE_URL',
  eventstoreDatabaseUrl: 'EVENTSTORE_DATABASE_URL',
  natsUrl: 'NATS_URL',
} as const satisfies Partial<Record<keyof Config, ConfigKey>>;

/**
 * The addresses that a command can't do without: `const { databaseUrl } = requireConfig(config, 'databaseUrl')`.
 * @throws ConfigError naming every one that is missing
 */
export function requireConfig<Name extends keyof typeof keyOf>(
  config: Config,
  ...names: readonly Name[]
): Config & Readonly<Record<Name, string>> {
  if (has(config, names)) return config;
  const missing = names.filter((name) => config[name] === undefined);
  const lines = missing.map((name) => `  ${keyOf[name]} is not set: ${describeKey(keyOf[name]).fix}`);
  throw new ConfigError(
    `This needs servers it does not know:\n${lines.join('\n')}\n` +
      'Or start everything with `teampulse up`, in another terminal, with the same TEAMPULSE_DATA.',
  );
}

function has<Name extends keyof typeof keyOf>(
  config: Config,
  names: readonly Name[],
): config is Config & Readonly<Record<Name, string>> {
  return names.every((name) => config[name] !== undefined);
}
