/**
 * The guard of a store that does not run open: tells who calls, and whether he may read. Writes are judged where they are
 * decided (append-group.ts), on the very state that they follow.
 *
 * It watches the log itself for whatever changes its answers, users, `$settings` and access lists, so that a password that
 * was changed counts at once, and a subscription ends when its reader may no longer read.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { LRUCache } from 'lru-cache';
import type { LiveLog } from '../live-log.js';
import type { LogReader } from '../log-reader.js';
import type { LogWriter } from '../log-writer.js';
import { accessDenied, notReady, tooBusy, unauthenticated } from '../rpc-errors.js';
import type { StoreLog } from '../store-log.js';
import { isMetastream } from '../stored-event.js';
import { lastRevision } from '../stream-states.js';
import { TooManyGuesses, hashPassword, passwordMatches, type PasswordHash } from './passwords.js';
import { ADMINS, ANONYMOUS, OPERATORS, mayAccess, parseDefaultAcls, type Caller } from './stream-acl.js';
import { USER_STREAM_PREFIX, ensurePasswords, findUser, type InitialPasswords } from './users.js';

/** Undefined on a store that runs open. */
export type CallerFound = Caller | undefined | Promise<Caller | undefined>;

const SETTINGS_STREAM = '$settings';
/** Basic credentials come with every call and checking a password is slow: one check per user, not per call. */
const MAX_REMEMBERED = 1_000;
/** What is remembered is checked again now and then, and forgotten when nobody comes. */
const REMEMBERED_MS = 10 * 60_000;
const MAX_CREDENTIALS_BYTES = 1_024;

export class StoreSecurity {
  /** By a keyed hash of the credentials: passwords themselves are not kept in memory. */
  readonly #known = new LRUCache<string, Promise<Caller>>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });
  readonly #key = randomBytes(32);
  readonly #stopped = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** Somebody unknown takes as long to refuse as somebody with a wrong password. */
  readonly #nobody: Promise<PasswordHash> = hashPassword(randomUUID());

  constructor(
    private readonly reader: LogReader,
    private readonly writer: LogWriter,
    private readonly live: LiveLog,
    private readonly log: StoreLog,
  ) {}

  /** Before the store serves anybody. @returns the passwords that were made, by user, to be shown once and kept nowhere */
  async open(passwords: InitialPasswords): Promise<Readonly<Record<string, string>>> {
    await this.#readSettings();
    const made = await ensurePasswords(this.reader, this.writer, randomUUID, passwords);
    void this.#watch();
    return made;
  }

  close(): void {
    this.#stopped.abort();
  }

  /** Who sent this call. @throws RpcError when the credentials are wrong or can't be checked now */
  callerOf(metadata: Metadata): Caller | Promise<Caller> {
    const [header] = metadata.get('authorization');
    if (header === undefined) return ANONYMOUS;
    const text = String(header);
    const [, encoded] = /^basic\s+([\w+/=-]+)$/i.exec(text) ?? [];
    if (encoded === undefined || text.length > MAX_CREDENTIALS_BYTES) throw unauthenticated();
    const key = createHmac('sha256', this.#key).update(encoded).digest('base64');
    const known = this.#known.get(key);
    if (known) return known;
    const checked = this.#check(encoded);
    this.#known.set(key, checked);
    // Only what is right is remembered: a wrong guess must not push others out, and a Postgres that was away is no answer.
    checked.catch(() => this.#known.get(key) === checked && this.#known.delete(key));
    return checked;
  }

  /** @throws RpcError when the caller may not */
  async requireRead(caller: Caller | undefined, stream: string): Promise<void> {
    const { metadata } = await this.reader.streamState(stream);
    if (!mayAccess(caller, 'read', stream, metadata?.parsed.acl, this.writer.states.defaultAcls)) throw accessDenied();
  }

  /** Calls back once, when the caller may no longer read. The returned function ends it. */
  watchRead(caller: Caller | undefined, stream: string, denied: () => void): () => void {
    const check = (): void => {
      this.requireRead(caller, stream).catch((error: unknown) => {
        // Postgres away is no reason to throw anybody out.
        if (!(error instanceof Error && error.message === accessDenied().message) || !this.#watchers.delete(check))
          return;
        denied();
      });
    };
    this.#watchers.add(check);
    return () => void this.#watchers.delete(check);
  }

  async #check(encoded: string): Promise<Caller> {
    const credentials = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = credentials.indexOf(':');
    const name = credentials.slice(0, Math.max(colon, 0));
    if (!/^[\u0020-\u007e]{1,200}$/.test(name)) throw unauthenticated();
    try {
      const user = await findUser(this.reader, name);
      const matches = await passwordMatches(credentials.slice(colon + 1), user ?? (await this.#nobody));
      if (user && matches && !user.disabled) return { name, roles: user.groups };
    } catch (error) {
      if (error instanceof TooManyGuesses) throw tooBusy();
      this.log.warn({ err: error }, 'a user of the event store could not be checked');
      throw notReady();
    }
    this.log.warn({ user: name }, 'wrong credentials');
    throw unauthenticated();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    for (let seen = this.live.head; !signal.aborted;) {
      await this.live.beyond(seen, signal);
      const head = this.live.head;
      let users = !this.live.covers(seen + 1);
      let settings = users;
      let access = users;
      for (let event = this.live.get(seen + 1); event; event = this.live.get(seen + 1)) {
        seen = event.position;
        if (event.stream.startsWith(USER_STREAM_PREFIX)) users = true;
        else if (event.stream === SETTINGS_STREAM) settings = true;
        else if (isMetastream(event.stream)) access = true;
      }
      seen = Math.max(seen, head);
      if (users) this.#known.clear();
      if (settings) await this.#readSettings().catch((error: unknown) => this.log.error({ err: error }, '$settings'));
      if (settings || access) for (const check of this.#watchers) check();
    }
  }

  async #readSettings(): Promise<void> {
    const last = lastRevision(await this.reader.streamState(SETTINGS_STREAM), SETTINGS_STREAM);
    const [event] = await this.reader.streamPage(SETTINGS_STREAM, { from: last, to: last, backwards: false }, 1);
    this.writer.states.defaultAcls = event ? parseDefaultAcls(event.data) : {};
  }
}

/** For what needs a user, whoever he is. @throws RpcError */
export function requireUser(caller: Caller | undefined): void {
  if (caller && caller.name === undefined) throw accessDenied();
}

/** For what administrators and operators alone may do: persistent subscriptions' own settings. @throws RpcError */
export function requireOperator(caller: Caller | undefined): void {
  if (caller && !caller.roles.some((role) => role === ADMINS || role === OPERATORS)) throw accessDenied();
}
