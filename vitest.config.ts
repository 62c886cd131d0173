import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take graphql's ES module and Node takes its CommonJS one for Nest and Apollo; two copies refuse each other's schemas.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Two cores: one file at a time per core, and room for Postgres and the servers under test.
    maxWorkers: 2,
    // Never the data of a `teampulse up` that somebody has running here.
    env: { TEAMPULSE_DATA: join(tmpdir(), 'teampulse-no-data') },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
