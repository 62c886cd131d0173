/** Arguments that queries of attendance share, and their bounds. */
import type { WorkspaceCommand } from '../../commands/shared/command.js';
import { badInput } from '../shared/errors.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';

export interface FreshArguments {
  readonly minPosition?: LogPosition | null;
}

/** What a command's result holds as the thing's state. */
export type StateOf<Sent> = Sent extends WorkspaceCommand<unknown, infer State> ? State : never;

export interface DayRange {
  /** YYYY-MM-DD, both inclusive. */
  readonly from: string;
  readonly to: string;
}

/** Names, reasons and notes are for members and above; viewers see figures and times. */
export const seesPersonalData = (context: ApiContext): boolean => hasRole(context, 'member');

/** Ten years: figures by day still fit a response. */
const MAX_DAYS = 3_660;
/** What a plain list may hold. */
export const MAX_FIRST = 1_000;

/** @throws BAD_USER_INPUT when the range ends before it begins, or is too long */
export function checkRange({ from, to }: DayRange): void {
  if (to < from) throw badInput(`The range ends on ${to}, before it begins on ${from}.`, 'to');
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
  if (days > MAX_DAYS) throw badInput(`A range has at most ${MAX_DAYS} days; this one has ${days}.`, 'to');
}

/** @param unlessTold also where a client sends null @throws BAD_USER_INPUT when the number of wanted items is out of range */
export function checkFirst(given: number | null | undefined, unlessTold: number): number {
  const first = given ?? unlessTold;
  if (first >= 1 && first <= MAX_FIRST) return first;
  throw badInput(`\`first\` is from 1 to ${MAX_FIRST}; you sent ${first}.`, 'first');
}

/** Exactly one of two ways to name a thing. @throws BAD_USER_INPUT otherwise */
export function checkOneOf(first: string | null | undefined, second: string | null | undefined, names: string): void {
  if ((first == null) === (second == null)) throw badInput(`Give either ${names}.`);
}
