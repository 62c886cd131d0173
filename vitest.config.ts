import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take graphql's ES module and Node takes its CommonJS one for Nest and Apollo; two copies refuse each other's schemas.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    // One more than the two cores of CI: who tests what happens when something hangs or is killed waits for half of the time.
    maxWorkers: 3,
    // Never the data of a `teampulse up` that somebody has running here.
    env: { TEAMPULSE_DATA: join(tmpdir(), 'teampulse-no-data') },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // Pure code leaves nothing behind that the next file could see, and loading it anew for each costs more than running it.
        test: { name: 'unit', include: ['src/**/*.spec.ts'], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/**/*.spec.ts'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
});
