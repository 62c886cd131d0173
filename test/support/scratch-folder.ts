/** A new folder for files of one test or bench, which whoever makes it removes. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `teampulse-${name}-`));
  // As root Postgres runs as somebody else, and keeps its files elsewhere when it can't enter: nobody would remove them there.
  chmodSync(folder, 0o755);
  return folder;
}
