/** One Postgres for the whole test run, without fsync: its data lives no longer than the run. */
import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { scratchFolder } from './scratch-folder.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser URL of the run's Postgres, database `postgres`. */
    postgresUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = scratchFolder('test');
  const postgres = await startEmbeddedPostgres({
    dataFolder: folder,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '300', shared_buffers: '128MB' },
  });
  project.provide('postgresUrl', postgres.url());
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
