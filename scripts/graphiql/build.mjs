/** Bundles the GraphiQL page with everything it needs into dist/graphiql, so that it works without any network. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const outDir = fileURLToPath(new URL('../../dist/graphiql/', import.meta.url));

await build({
  root,
  base: './',
  configFile: false,
  logLevel: 'error',
  // The editor alone is larger than what Vite warns about.
  build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 10_000, target: 'es2022' },
  worker: { format: 'es' },
});
