/** A real program that tests need and npm does not carry: the one on the PATH, or Debian's where this runs as root and can install it. */
import { spawnSync } from 'node:child_process';

export interface Program {
  /** Its name on the PATH, and of Debian's package. */
  readonly name: string;
  /** The environment variable that, set to 1, makes its absence a failure. */
  readonly requiredBy: string;
  /** What is skipped without it, for the line that says so. */
  readonly skipped: string;
}

/** Whether tests may use it; says on one line when not. @throws when it is required and not there */
export function hasProgram({ name, requiredBy, skipped }: Program): boolean {
  const works = (): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
  if (works()) return true;
  if (process.getuid?.() === 0) {
    install(name);
    if (works()) return true;
  }
  const message = `There is no ${name} on the PATH and none could be installed`;
  if (process.env[requiredBy] === '1') throw new Error(`${message}; ${requiredBy}=1 needs one.`);
  console.log(`${message}: ${skipped} are skipped.`);
  return false;
}

function install(name: string): void {
  const options = {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 300_000,
  } as const;
  // Another spec file may be installing its program at the same time.
  const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', name];
  if (spawnSync('apt-get', args, options).status === 0) return;
  spawnSync('apt-get', ['update'], options);
  spawnSync('apt-get', args, options);
}
