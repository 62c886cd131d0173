/** Arguments that queries and subscriptions of the audit share, and their bounds. */
import { badInput } from '../shared/errors.js';

/** The projection that all of the audit reads. */
export const EVENT_INDEX = ['event-index'];

const MAX_TYPES = 100;

/** @throws BAD_USER_INPUT when none or too many types are named */
export function checkTypes(types: readonly string[]): void {
  if (types.length >= 1 && types.length <= MAX_TYPES) return;
  throw badInput(`Name 1 to ${MAX_TYPES} event types; you sent ${types.length}.`, 'types');
}
