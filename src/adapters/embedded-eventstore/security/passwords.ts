/** Passwords, kept as scrypt hashes (RFC 7914): slow on purpose, so that a stolen log is not a list of passwords. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** As OWASP's password storage cheat sheet (2023) has it, of its equal choices the one with 16 MiB a try. */
const COST = { N: 2 ** 14, r: 8, p: 5, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** As `$UserCreated` and `$UserUpdated` carry it. The hash names its own cost, so that a later one can be higher. */
export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
}

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return { salt: salt.toString('base64'), hash: `scrypt:${COST.N}:${COST.r}:${COST.p}:${key.toString('base64')}` };
}

/** A hash of another kind, a real node's for example, matches nothing. */
export async function passwordMatches(password: string, { salt, hash }: PasswordHash): Promise<boolean> {
  const [kind, N, r, p, key = ''] = hash.split(':');
  const cost = { N: Number(N), r: Number(r), p: Number(p), maxmem: COST.maxmem };
  const expected = Buffer.from(key, 'base64');
  if (kind !== 'scrypt' || expected.length !== KEY_BYTES || 128 * cost.N * cost.r > COST.maxmem) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), cost), expected);
}

/** Long enough that guessing is hopeless, short enough to be copied from a screen. */
export const generatePassword = (): string => randomBytes(18).toString('base64url');

/** Node's pool has four threads that files and name look-ups need as well, and each try holds its memory. */
const MAX_AT_ONCE = 2;
/** Whoever floods the server with guesses is refused before he fills it. */
const MAX_WAITING = 64;
let running = 0;
const waiting: (() => void)[] = [];

export class TooManyGuesses extends Error {}

/** @throws TooManyGuesses */
async function derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  if (waiting.length >= MAX_WAITING) throw new TooManyGuesses('too many passwords are being checked');
  if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      scrypt(password, salt, KEY_BYTES, cost, (error, key) => (error ? reject(error) : resolve(key)));
    });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
