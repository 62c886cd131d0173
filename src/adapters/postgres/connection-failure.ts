/** Whose fault a failed statement is: the connection's or the server's, which come back, or the statement's, which stays wrong. */

/** SQLSTATE classes and codes: connection exceptions, no resources (disk full, too many connections), shutdown, deadlock, serialisation failure, a transaction that was idle for too long. */
const TRANSIENT = /^(08...|53...|57P0.|40001|40P01|55P03|25006|25P03)$/;

export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** pg gives the server's errors a SQLSTATE of five characters; anything else happened on the way. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? TRANSIENT.test(code) : isOfConnection(error, code);
}

const isOfConnection = (error: unknown, code: string): boolean =>
  /^(E[A-Z_]+)$/.test(code) ||
  (error instanceof Error && /connection|terminated|timeout|not queryable|Client was closed/i.test(error.message));
