/** The Postgres database in which an embedded event store keeps its log, found by the options that all of its commands take. */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../adapters/config/config.js';
import { startEmbeddedPostgres } from '../../adapters/embedded-postgres/embedded-postgres.js';
import { endAbandonedPostgres, findRunningPostgres, hasCluster } from '../../adapters/embedded-postgres/running.js';
import type { Logger } from '../../adapters/logging/logger.js';
import { ensureDatabases } from '../../adapters/postgres/prepare-server.js';
import { CliError } from '../failure.js';

export interface Place {
  readonly postgresUrl?: string;
  readonly data?: string;
}

export interface StoreDatabase {
  readonly url: string;
  /** Ends what was started for it. */
  stop(): Promise<void>;
}

const DATABASE = 'eventstore';

export const takesPlace = (command: Command): Command =>
  command
    .option(
      '--postgres-url <url>',
      'a database of its own (default: EVENTSTORE_DATABASE_URL, else an embedded Postgres)',
    )
    .option('--data <folder>', 'where the embedded Postgres keeps its data (default: TEAMPULSE_DATA)');

const configuredUrl = ({ postgresUrl, data }: Place, config: Config): string | undefined =>
  postgresUrl ?? (data === undefined ? config.eventstoreDatabaseUrl : undefined);

const folderOf = ({ data }: Place, config: Config): string => join(data ?? config.dataFolder, 'postgres');

/** For the server: the Postgres of the folder is this process's own, and made when there is none. */
export async function serveDatabase(place: Place, config: Config, logger: Logger): Promise<StoreDatabase> {
  const url = configuredUrl(place, config);
  if (url !== undefined) return { url, stop: async () => undefined };
  const postgres = await startEmbeddedPostgres({ dataFolder: folderOf(place, config), logger });
  try {
    await ensureDatabases(postgres.url(), [DATABASE]);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return { url: postgres.url(DATABASE), stop: async () => postgres.stop() };
}

/**
 * For commands that look at a store or fill one: the Postgres that runs there already, under a server or `teampulse up`,
 * else one that is started for the command.
 * @param make whether a store may be made where there is none
 * @throws CliError when there is none
 */
export async function visitDatabase(place: Place, config: Config, make: boolean): Promise<StoreDatabase> {
  const url = configuredUrl(place, config);
  if (url !== undefined) return { url, stop: async () => undefined };
  const folder = folderOf(place, config);
  if (!make && !hasCluster(folder)) {
    throw new CliError(`there is no event store in ${folder}`, 'name its folder with --data, or its database with --postgres-url'); // prettier-ignore
  }
  const running = findRunningPostgres(folder, DATABASE);
  if (running !== undefined) return { url: running, stop: async () => undefined };
  const postgres = await startEmbeddedPostgres({ dataFolder: folder });
  try {
    if (make) await ensureDatabases(postgres.url(), [DATABASE]);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return { url: postgres.url(DATABASE), stop: async () => postgres.stop() };
}

/** Nothing of it outlives the process, so nothing of it needs to reach the disk. */
const EPHEMERAL_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '64MB',
  max_connections: '20',
  autovacuum: 'off',
};
const EPHEMERAL_PREFIX = 'teampulse-ephemeral-';

/** An empty database in a folder that goes when it is stopped. */
export async function ephemeralDatabase(logger: Logger): Promise<StoreDatabase & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), EPHEMERAL_PREFIX));
  // As root, Postgres runs as somebody else, who must be able to get there. What is secret in it has a mode of its own.
  await chmod(folder, 0o755);
  const remove = async (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings: EPHEMERAL_SETTINGS, logger });
    const stop = async (): Promise<void> => {
      // Nobody reads it again: cut off.
      await postgres.stop(0);
      await remove();
    };
    // Its own database would take another half second to make.
    return { url: postgres.url(), folder, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Clears away what a server left that was killed: its Postgres and its folder. Never fails: it is a favour. */
export async function sweepEphemeral(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const folder = join(tmpdir(), name);
    if (!name.startsWith(EPHEMERAL_PREFIX) || !existsSync(join(folder, 'owner'))) continue;
    try {
      if (await endAbandonedPostgres(folder)) await rm(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's, or being cleared away by another one.
    }
  }
}
