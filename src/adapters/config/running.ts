/** The note that `teampulse up` leaves in its data folder: where its parts are, for other commands of the same machine. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const runningSchema = z.object({
  /** The process that wrote the note; a note of a dead process counts for nothing. */
  pid: z.int().positive(),
  databaseUrl: z.string(),
  databaseApiUrl: z.string(),
  eventstoreUrl: z.string(),
  natsUrl: z.string().optional(),
  httpHost: z.string(),
  httpPort: z.int(),
  /** Of the worker: /health/ready, /metrics. */
  monitorAddress: z.string(),
});
export type Running = z.infer<typeof runningSchema>;

const fileOf = (dataFolder: string): string => join(dataFolder, 'running.json');

/** The note of a live `teampulse up`; undefined when none runs on this folder. */
export function readRunning(dataFolder: string): Running | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataFolder), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const running = runningSchema.parse(JSON.parse(text));
    return isAlive(running.pid) ? running : undefined;
  } catch {
    // Half written or of an older version: as good as none.
    return undefined;
  }
}

/** Written for the owner's eyes only: the addresses carry passwords. */
export function writeRunning(dataFolder: string, running: Running): void {
  writeFileSync(fileOf(dataFolder), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
}

export function removeRunning(dataFolder: string): void {
  rmSync(fileOf(dataFolder), { force: true });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
