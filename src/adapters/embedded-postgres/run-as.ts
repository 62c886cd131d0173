/**
 * Postgres refuses to run as root, so as root it runs as an ordinary user, who must be able to reach its files: the
 * home folder of root, and so perhaps the clone and the data folder in it, is closed to everybody else.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { EmbeddedPostgresError } from './error.js';

/** Whom Postgres runs as: nobody in particular (the same user as this process) or a user by number. */
export interface RunAs {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where things go that root's children must reach when root's own folders are closed to them. */
export const SYSTEM_HOME = '/var/lib/teampulse';

/** Undefined when this process is not root: then Postgres runs as the same user. */
export function runAsUser(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  // /etc/passwd and not `id`: slim images have no such user in a name service, and may have no `id` either.
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', , uid = '', gid = '']) => [name, { name, uid: Number(uid), gid: Number(gid) }]),
  );
  const user = users.get('postgres') ?? users.get('nobody');
  if (user && user.uid > 0) return user;
  throw new EmbeddedPostgresError(
    'ROOT_NEEDS_USER',
    'Postgres does not run as root, and this machine has neither a user "postgres" nor "nobody" to run it as. ' +
      'Run as an ordinary user, or add one: useradd --system postgres',
  );
}

/** Whether the user can walk to this path (which may not exist yet: then to the nearest folder that does). By mode bits; access lists are not read. */
export function canReach(target: string, user: RunAs): boolean {
  const resolved = path.resolve(target);
  if (existsSync(resolved) && !allows(resolved, user)) return false;
  const parent = path.dirname(resolved);
  return parent === resolved || canReach(parent, user);
}

function allows(file: string, user: RunAs): boolean {
  const stat = statSync(file);
  const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0;
  const wanted = stat.isDirectory() ? 0o1 : 0o5;
  return ((stat.mode >> shift) & wanted) === wanted;
}

/** A folder under /var/lib/teampulse, which every user can walk to and only root can change. */
export function systemFolder(...names: string[]): string {
  const folder = path.join(SYSTEM_HOME, ...names);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'ROOT_NEEDS_USER',
      `Postgres does not run as root, and the user it runs as can reach neither this project's folder nor ${SYSTEM_HOME}. ` +
        'Run as an ordinary user, or from a folder that everybody can enter, such as /opt or /srv.',
      { cause },
    );
  }
  return folder;
}

/** For spawning as that user: nothing of this process's environment, which may hold secrets, and the same words everywhere. */
export const processIdentity = (user: RunAs | undefined): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } => ({
  ...(user && { uid: user.uid, gid: user.gid }),
  env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' },
});
