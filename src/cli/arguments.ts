/** Arguments that several subcommands take, checked the same way. Refusals are commander's, which exits with 2. */
import { InvalidArgumentError } from 'commander';
import { validate } from 'uuid';

export function asPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}

export function asWorkspaceId(text: string): string {
  if (!validate(text)) throw new InvalidArgumentError('a workspace is named by its id, a UUID.');
  return text.toLowerCase();
}

export function asUuid(text: string): string {
  if (!validate(text)) throw new InvalidArgumentError('an id is a UUID.');
  return text.toLowerCase();
}

export function asEventName(text: string): string {
  // Revisions beyond are no safe integers, and no stream is so long.
  if (validate(text) || /^.+@\d{1,15}$/.test(text)) return text;
  throw new InvalidArgumentError('an event is named by its id, a UUID, or by stream@revision, such as task-0190…@3.');
}
