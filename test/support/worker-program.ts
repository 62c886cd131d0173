/** A worker of its own to be killed, as one file of JavaScript: what `node` can run of the sources. */
import { join } from 'node:path';
import { build } from 'vite';

/**
 * @param name of the file in this folder, without its ending
 * @returns the path of the program, in `folder`
 */
export async function buildWorker(name: string, folder: string): Promise<string> {
  const file = `${name}.mjs`;
  await build({
    logLevel: 'silent',
    configFile: false,
    build: {
      ssr: new URL(`${name}.ts`, import.meta.url).pathname,
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: file } },
    },
    ssr: { noExternal: true },
  });
  return join(folder, file);
}
