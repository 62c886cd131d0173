/** `mkdir -p` that ends: Node's own never returns where a file system answers ENOENT to a new folder, as /proc does. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * @param mode of each folder that is made
 * @throws as mkdirSync does, with the system's code: EACCES, ENOTDIR, ENOENT where the file system takes no folder; EEXIST when
 * something else stands there
 */
export function makeFolder(folder: string, mode: number): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.unshift(path);
  if (missing.length === 0 && !statSync(folder).isDirectory()) mkdirSync(folder);
  for (const path of missing) {
    try {
      mkdirSync(path, { mode });
    } catch (error) {
      // Another process was faster.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}
