/** Instants as Postgres writes them, and as everybody else here does. */

/** `2026-03-01 09:30:00.5+00`, the session being in UTC, to `2026-03-01T09:30:00.500Z`. */
export function instantOf(text: string): string {
  if (!text.endsWith('+00') || text.charCodeAt(10) !== 32) return text;
  const fraction = text.length > 22 ? text.slice(20, -3).padEnd(3, '0').slice(0, 3) : '000';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}
