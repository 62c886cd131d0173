/** Files that are there whole or not at all, also after a power failure. */
import { randomUUID } from 'node:crypto';
import { link, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts what is on its way onto the disk: of a folder, which files it has. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces what is there. For its owner only: an export holds people's data. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const unfinished = await prepared(file, text);
  await rename(unfinished, file);
  await syncPath(dirname(file));
}

/** @returns false when somebody else has made it meanwhile, and leaves that one */
export async function createFile(file: string, text: string): Promise<boolean> {
  const unfinished = await prepared(file, text);
  try {
    // Unlike a rename, a link never takes the place of a file.
    await link(unfinished, file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncPath(dirname(file));
  return true;
}

async function prepared(file: string, text: string): Promise<string> {
  const unfinished = `${file}.${randomUUID()}.unfinished`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await syncPath(unfinished);
  return unfinished;
}
