/** A place in the log as clients see it: the text `commit/prepare`. */
import type { LogPosition } from './recorded-event.js';

const POSITION = /^(\d{1,19})\/(\d{1,19})$/;
/** Logs count in 64 bits with a sign, and so does Postgres. */
const LAST = 2n ** 63n - 1n;

export const formatPosition = (position: LogPosition): string => `${position.commit}/${position.prepare}`;

/** @returns undefined when the text is not a position */
export function parsePosition(text: string): LogPosition | undefined {
  const match = POSITION.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  const position = { commit: BigInt(match[1]), prepare: BigInt(match[2]) };
  return position.commit <= LAST && position.prepare <= LAST ? position : undefined;
}

/** Negative when `a` stands before `b`, 0 when they are the same place. */
export function comparePositions(a: LogPosition, b: LogPosition): number {
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1;
  if (a.prepare !== b.prepare) return a.prepare < b.prepare ? -1 : 1;
  return 0;
}
