/**
 * Where a task stands in its column: a text key, compared by bytes, ties by the task's id. A key can always be found
 * between two others (fractional indexing), so that moving one task changes no other.
 */
import { BASE_62_DIGITS, generateKeyBetween } from 'fractional-indexing';

/** A task as a place in a column. */
export interface Place {
  readonly position: string;
  readonly id: string;
}

/** Milliseconds before 1970 back to the year 1, so that no history is too old. */
const EPOCH_OFFSET_MS = 62_135_596_800_000;
/** In fractional indexing `h` says: an integer of 8 digits follows. 62^8 ms reach from the year 1 to the year 6919. */
const INTEGER_HEAD = 'h';
const INTEGER_DIGITS = 8;
/** 7 digits of 62 hold 40 bits of the id: two tasks of the same millisecond get different keys. */
const SUFFIX_DIGITS = 7;
/** No key may end in the zero digit; the middle one leaves room on both sides. */
const MIDDLE_DIGIT = 'V';

/**
 * The key at the end of a column, found without reading a neighbour: the time is the key's integer part, so a later one
 * always stands behind. A key moved behind the last one takes that one's integer plus one, a millisecond, so it does too.
 * @param epochMs when, in milliseconds since 1970, from the year 1 on
 * @param id of the task, a UUID
 */
export function keyAtEnd(epochMs: number, id: string): string {
  // A time outside of what the digits hold stands at their end, rather than making a key that is none.
  const time = Math.min(Math.max(0, epochMs + EPOCH_OFFSET_MS), 62 ** INTEGER_DIGITS - 1);
  const suffix = Number.parseInt(id.replaceAll('-', '').slice(-10), 16);
  return INTEGER_HEAD + base62(time, INTEGER_DIGITS) + base62(suffix, SUFFIX_DIGITS) + MIDDLE_DIGIT;
}

/**
 * A key behind `after` and before `before`. Of two with the same key (two people moved tasks to the same gap at the same
 * time), or in the wrong order (the client saw an older board), no key stands between: then directly behind `after`.
 */
export function keyBetween(after: string | undefined, before: string | undefined): string {
  if (after !== undefined && before !== undefined && after >= before) return after + MIDDLE_DIGIT;
  return generateKeyBetween(after ?? null, before ?? null);
}

/** By bytes of the key, then by id: the order of the board. */
export function comparePlaces(left: Place, right: Place): number {
  if (left.position !== right.position) return left.position < right.position ? -1 : 1;
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}

/** Fixed width; digits are in byte order, so the texts sort as the numbers. */
function base62(value: number, width: number): string {
  let text = '';
  for (let rest = value; text.length < width; rest = Math.floor(rest / 62))
    text = BASE_62_DIGITS.charAt(rest % 62) + text;
  return text;
}
