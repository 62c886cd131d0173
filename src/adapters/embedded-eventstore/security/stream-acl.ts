/**
 * Who may do what with a stream: its `$acl`, the defaults of `$settings`, and what holds without either. As on a real node:
 * members of `$admins` may do everything, `$all` stands for every user who is known, streams that start with `$` belong to
 * the administrators, and nobody unknown may touch any stream.
 */
import { baseOf, isMetastream } from '../stored-event.js';

/** Who calls. A store that runs open has no callers: then `undefined` stands for somebody who may do everything. */
export interface Caller {
  /** Undefined for somebody who gave no credentials. */
  readonly name: string | undefined;
  /** The groups that the user is in. */
  readonly roles: readonly string[];
}

export const ANONYMOUS: Caller = { name: undefined, roles: [] };
export const ADMINS = '$admins';
export const OPERATORS = '$ops';
const EVERYBODY = '$all';

type Right = '$r' | '$w' | '$d' | '$mr' | '$mw';
const RIGHTS: readonly Right[] = ['$r', '$w', '$d', '$mr', '$mw'];

/** Roles and users per right. A right that is named replaces the default; one that is not keeps it. */
export type StreamAcl = Readonly<Partial<Record<Right, readonly string[]>>>;

/** What `$settings` says for streams without an `$acl` of their own. */
export interface DefaultAcls {
  readonly user?: StreamAcl;
  readonly system?: StreamAcl;
}

/** Each right is a role or a list of them; anything else counts as absent. */
export function parseAcl(value: unknown): StreamAcl | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given = new Map<string, unknown>(Object.entries(value));
  const acl: Partial<Record<Right, readonly string[]>> = {};
  for (const right of RIGHTS) {
    const roles = given.get(right);
    if (typeof roles === 'string') acl[right] = [roles];
    else if (Array.isArray(roles)) acl[right] = roles.filter((role) => typeof role === 'string');
  }
  return acl;
}

/** The data of the newest event of `$settings`. */
export function parseDefaultAcls(data: Uint8Array): DefaultAcls {
  try {
    const content: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    if (typeof content !== 'object' || content === null) return {};
    const user = parseAcl('$userStreamAcl' in content ? content.$userStreamAcl : undefined);
    const system = parseAcl('$systemStreamAcl' in content ? content.$systemStreamAcl : undefined);
    return { ...(user && { user }), ...(system && { system }) };
  } catch {
    return {};
  }
}

export type Action = 'read' | 'write' | 'delete';

/**
 * @param stream a stream, a metastream, or `$all`
 * @param acl of the stream; for a metastream, of the stream that it belongs to
 */
export function mayAccess(
  caller: Caller | undefined,
  action: Action,
  stream: string,
  acl: StreamAcl | undefined,
  defaults: DefaultAcls,
): boolean {
  if (!caller) return true;
  if (caller.name === undefined) return false;
  const right = rightFor(action, isMetastream(stream));
  if (!right) return false;
  if (caller.roles.includes(ADMINS)) return true;
  const isSystem = baseOf(stream).startsWith('$');
  const roles =
    acl?.[right] ?? (isSystem ? defaults.system : defaults.user)?.[right] ?? (isSystem ? [ADMINS] : [EVERYBODY]);
  return roles.some((role) => role === EVERYBODY || role === caller.name || caller.roles.includes(role));
}

/** Nobody may delete a metastream. */
function rightFor(action: Action, isMeta: boolean): Right | undefined {
  switch (action) {
    case 'read':
      return isMeta ? '$mr' : '$r';
    case 'write':
      return isMeta ? '$mw' : '$w';
    case 'delete':
      return isMeta ? undefined : '$d';
  }
}
