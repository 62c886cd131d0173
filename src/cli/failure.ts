/** What a person is told when a command broke: what, where and what to do, on one line unless there is a list. */
import { showsStacks } from '../adapters/config/config.js';
import { redact } from '../adapters/logging/redact.js';

/** A failure that a person can mend. `message` says what and where, `hint` what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  constructor(
    message: string,
    readonly hint: string,
    options: { readonly code?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = options.code ?? 'CLI';
  }
}

/** System errors whose own message says little. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start the server, or check the address',
  ENOTFOUND: 'no such host: check the address',
  EADDRNOTAVAIL: 'this machine has no such address: check the host',
  EADDRINUSE: 'the port is taken: choose another one, or stop what uses it',
  EACCES: 'this user may not do that: check who owns it',
  EPERM: 'this user may not do that: check who owns it',
  ENOENT: 'no such file or folder: check the path',
  ENOSPC: 'the disk is full: make room and start again',
  EVENT_STORE_UNAVAILABLE: 'check that it runs, and EVENTSTORE_URL; without that, start `teampulse up`',
  '28P01': 'Postgres refused the login: check user and password in the URL',
  '3D000': 'Postgres has no such database: create it, or check the URL',
  '42P01': 'a table is missing: run `teampulse migrate`',
};

export function describeFailure(error: unknown): string {
  if (showsStacks()) return redact(error instanceof Error ? withCauses(error) : String(error));
  if (!(error instanceof Error)) return `teampulse: ${redact(String(error))}`;
  const code = codeOf(error);
  const hint = error instanceof CliError ? error.hint : code === undefined ? undefined : HINTS[code];
  // An AggregateError (every address of a host refused) has an empty message.
  const what = error.message || (error instanceof AggregateError ? String(error.errors[0]) : error.name);
  const known = hint ?? (code === undefined ? 'run again with LOG_LEVEL=debug to see where' : undefined);
  return redact(`teampulse: ${what}${known === undefined ? '' : `: ${known}`}`);
}

/** Of the error or of what caused it. */
function codeOf(error: Error): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return undefined;
}

function withCauses(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by ${withCauses(error.cause)}` : stack;
}
