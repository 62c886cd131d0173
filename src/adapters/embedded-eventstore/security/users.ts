/**
 * The store's users. Each is a stream `$user-{name}`, as on a real node, whose newest event holds all there is:
 * groups, whether he is disabled, and the hash of his password.
 */
import { z } from 'zod';
import type { WriteRequest } from '../append-group.js';
import type { LogReader } from '../log-reader.js';
import type { LogWriter } from '../log-writer.js';
import { EXPECT, TOMBSTONE_REVISION, type ProposedEvent } from '../stored-event.js';
import { lastRevision } from '../stream-states.js';
import { INITIAL_USERS, freshUser } from '../system-streams.js';
import { generatePassword, hashPassword, type PasswordHash } from './passwords.js';

const userSchema = z.object({
  loginName: z.string(),
  fullName: z.string().default(''),
  groups: z.array(z.string()).default([]),
  disabled: z.boolean().default(false),
  salt: z.string().default(''),
  hash: z.string().default(''),
});
export type User = z.infer<typeof userSchema>;

export const USER_STREAM_PREFIX = '$user-';

/** Undefined for a user who is not there, and for one whose data make no sense. */
export async function findUser(reader: LogReader, name: string): Promise<User | undefined> {
  const stream = USER_STREAM_PREFIX + name;
  const last = lastRevision(await reader.streamState(stream), stream);
  if (last < 0 || last === TOMBSTONE_REVISION) return undefined;
  const [event] = await reader.streamPage(stream, { from: last, to: last, backwards: false }, 1);
  try {
    const user = userSchema.parse(JSON.parse(Buffer.from(event?.data ?? []).toString('utf8')));
    return user.loginName === name ? user : undefined;
  } catch {
    return undefined;
  }
}

export type InitialPasswords = Readonly<Partial<Record<(typeof INITIAL_USERS)[number]['loginName'], string>>>;

/**
 * Gives `admin` and `ops` a password when they have none: the given one, else one that is made here.
 * @returns those that were made, for their owner to see once
 */
export async function ensurePasswords(
  reader: LogReader,
  writer: LogWriter,
  newId: () => string,
  given: InitialPasswords,
): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const { loginName } of INITIAL_USERS) {
    if ((await findUser(reader, loginName))?.hash) continue;
    const password = given[loginName] ?? generatePassword();
    await setPassword(reader, writer, newId, loginName, password);
    if (given[loginName] === undefined) made[loginName] = password;
  }
  return made;
}

/** Also makes `admin` and `ops` where they are missing. @throws when there is no such user, or it can't be written */
export async function setPassword(
  reader: LogReader,
  writer: LogWriter,
  newId: () => string,
  name: string,
  password: string,
): Promise<void> {
  const user = await findUser(reader, name);
  const hash = await hashPassword(password);
  const initial = INITIAL_USERS.find(({ loginName }) => loginName === name);
  if (!user && !initial) throw new Error(`there is no user ${name}`);
  const writes = user ? [updated({ ...user, ...hash }, newId)] : initial ? freshUser(initial, newId, hash) : [];
  for (const request of writes) await write(writer, request);
}

function updated(user: User & PasswordHash, newId: () => string): WriteRequest {
  const data = Buffer.from(JSON.stringify(user));
  const event: ProposedEvent = { id: newId(), type: '$UserUpdated', isJson: true, data, metadata: Buffer.alloc(0) };
  return { kind: 'append', stream: USER_STREAM_PREFIX + user.loginName, expected: EXPECT.any, events: [event] };
}

function write(writer: LogWriter, request: WriteRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    writer.write(request, (answer) => {
      if (answer.kind === 'written') resolve();
      else reject(answer.kind === 'failed' ? answer.error : new Error(`a user could not be written: ${answer.kind}`));
    });
  });
}
