/** What can go wrong with the embedded Postgres. The message says what, where and what to do. */

export type EmbeddedPostgresErrorCode =
  /** No Postgres binaries for this platform, or they do not run. */
  | 'BINARIES_MISSING'
  /** The data folder belongs to another user, or can't be written. */
  | 'DATA_FOLDER_NOT_OURS'
  /** Another running process uses the data folder. */
  | 'DATA_FOLDER_IN_USE'
  /** The data folder was made by another major version of Postgres. */
  | 'DATA_FOLDER_VERSION'
  /** Running as root, and there is no ordinary user or no reachable place to run Postgres as. */
  | 'ROOT_NEEDS_USER'
  /** Postgres ended or did not become ready. */
  | 'START_FAILED';

export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  constructor(
    readonly code: EmbeddedPostgresErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What the operating system calls a failure, for example EACCES. */
export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
