/** What commands that take or make files have in common. */
import { existsSync } from 'node:fs';
import { CliError } from '../failure.js';
import { startProgress } from '../progress.js';

/** @throws CliError */
export function refuseExisting(file: string): void {
  if (existsSync(file))
    throw new CliError(`${file} is there already`, 'name another file, or write over it with --force');
}

/** Runs something long with a bar that ends with it. */
export async function showProgress<T>(
  label: string,
  total: number,
  unit: string,
  work: (onProgress: (count: number) => void) => Promise<T>,
): Promise<T> {
  const progress = startProgress(label, total, unit);
  try {
    const result = await work((count) => progress.advance(count));
    progress.finish();
    return result;
  } catch (error) {
    progress.abandon();
    throw error;
  }
}
