/**
 * A Postgres with a streaming standby of its own, both from the embedded binaries: these carry no pg_basebackup, so the files
 * are copied between pg_backup_start and pg_backup_stop.
 */
import { chownSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { vi } from 'vitest';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { withClient } from './database.js';
import { scratchFolder } from './scratch-folder.js';
import { childrenOf } from './teampulse-process.js';

/** It lives no longer than its test. */
const FAST = { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB' };
const PRIMARY = {
  ...FAST,
  wal_level: 'replica',
  max_wal_senders: '4',
  // So that a standby that was away for a while finds what it missed.
  wal_keep_size: '512MB',
  // As docs/replicas.md advises: what workers commit is on its way at once.
  wal_writer_delay: '10ms',
};
const STANDBY = {
  ...FAST,
  wal_level: 'replica',
  max_wal_senders: '4',
  // Asks the primary again soon after it was away.
  wal_retrieve_retry_interval: '100ms',
  max_standby_streaming_delay: '100ms',
};

export interface PostgresWithStandby {
  /** Superuser's, of the primary. */
  readonly primaryUrl: string;
  /** The same database and login there, on the standby. */
  onStandby(url: string): string;
  /** As superuser, in the standby's `postgres` unless told. */
  sql<R extends object>(text: string, database?: string): Promise<R[]>;
  /** Stops showing what the primary sends, and goes on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Kills the standby; it is not there until `start`. */
  kill(): Promise<void>;
  /** @param follows false: it shows what it has, and gets nothing of the primary */
  start(follows?: boolean): Promise<void>;
  /** Signals its postmaster, and all processes below it. */
  signal(signal: NodeJS.Signals): void;
  close(): Promise<void>;
}

export async function startPostgresWithStandby(): Promise<PostgresWithStandby> {
  const folder = scratchFolder('standby');
  const primary = await startEmbeddedPostgres({ dataFolder: join(folder, 'primary'), settings: PRIMARY });
  const files = join(folder, 'standby');
  await copyTo(primary, files);
  const { username, password, port } = new URL(primary.url());
  const conninfo = `host=127.0.0.1 port=${port} user=${username} password=${decodeURIComponent(password)}`;
  const launch = async (settings = {}): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataFolder: files, settings: { ...STANDBY, primary_conninfo: conninfo, ...settings } });
  let standby = await launch();
  const standbyPort = String(standby.port);
  const onStandby = (url: string): string => {
    const moved = new URL(url);
    moved.port = standbyPort;
    return moved.href;
  };
  const sql = async <R extends object>(text: string, database = 'postgres'): Promise<R[]> => {
    const url = new URL(onStandby(primary.url(database)));
    return withClient(url.href, async (client) => (await client.query<R>(text)).rows);
  };
  return {
    primaryUrl: primary.url(),
    onStandby,
    sql,
    async pause() {
      await sql('SELECT pg_wal_replay_pause()');
      await vi.waitUntil(async () => (await sql<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state'))[0]?.state === 'paused', { timeout: 10_000, interval: 10 }); // prettier-ignore
    },
    async resume() {
      await sql('SELECT pg_wal_replay_resume()');
    },
    // Cut off: no checkpoint, no good-bye.
    async kill() {
      await standby.stop(0);
    },
    async start(follows = true) {
      // Where it was before.
      standby = await launch({ port: standbyPort, ...(!follows && { primary_conninfo: '' }) });
    },
    signal(signal) {
      for (const pid of familyOf(standby)) process.kill(pid, signal);
    },
    async close() {
      await standby.stop(0);
      await primary.stop(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a standby makes anew, or gets from the primary. */
const LEFT_OUT = /^(postmaster\.(pid|opts)|pg_(wal|replslot|dynshmem|notify|serial|snapshots|stat_tmp|subtrans)\/.+)$/;

async function copyTo(primary: EmbeddedPostgres, dataFolder: string): Promise<void> {
  const cluster = join(dataFolder, 'cluster');
  mkdirSync(dataFolder, { recursive: true });
  await withClient(primary.url(), async (client) => {
    await client.query("SELECT pg_backup_start('standby', fast => true)");
    cpSync(primary.cluster, cluster, {
      recursive: true,
      filter: (file) => !LEFT_OUT.test(relative(primary.cluster, file)),
    });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(cluster, 'backup_label'), rows[0]?.labelfile ?? '');
  });
  writeFileSync(join(cluster, 'standby.signal'), '');
  // As root the copy is root's, and Postgres runs as whoever owns the original.
  const { uid, gid } = statSync(primary.cluster);
  for (const entry of ['', ...readdirSync(cluster, { recursive: true, encoding: 'utf8' })]) {
    chownSync(join(cluster, entry), uid, gid);
  }
}

/** The postmaster of a server and the processes that it started. */
function familyOf({ cluster }: EmbeddedPostgres): number[] {
  const postmaster = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return [postmaster, ...childrenOf(postmaster).keys()];
}
