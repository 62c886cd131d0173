/** Postgres as the projection engine needs it: transactions, a way past them for what is urgent, locks that die with their holder, notifications. */

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Prepared once per connection under this name; without it, parsed each time. */
  readonly name?: string;
}

/** Rows as arrays of the texts that Postgres sends; null for SQL NULL. */
export type TextRow = readonly (string | null)[];

export interface WriteSession {
  /** Statements run in the order of the calls; there is no need to wait for one before the next. */
  query(statement: Statement): Promise<readonly TextRow[]>;
}

/** Locks held by one connection: lost, all at once, with it. */
export interface LockHolder {
  /** False when somebody else has it. */
  tryLock(key: string): Promise<boolean>;
  unlock(key: string): Promise<void>;
  /** Resolves when the connection, and with it every lock, is gone. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

export abstract class WriteDatabase {
  /**
   * Commits when `work` returns, rolls back when it throws. Commits don't wait for the disk (synchronous_commit off):
   * rows and checkpoint go in the same transaction, so a crash that loses the last of them loses both, and the log is read again from there.
   * @throws DatabaseError; `transient` when a retry may help
   */
  abstract transaction<T>(work: (session: WriteSession) => Promise<T>): Promise<T>;
  /** One statement, its own transaction. */
  abstract query(statement: Statement): Promise<readonly TextRow[]>;
  abstract holdLocks(): Promise<LockHolder>;
  /**
   * One short statement over a connection that nothing else uses, always the same one while it lasts: not held up by batches
   * and index builds. Fails when it takes longer than a second or two.
   */
  abstract urgent(statement: Statement): Promise<readonly TextRow[]>;
  /** Calls back for each notification until the signal. Reconnects by itself; after a gap `heard` is called without a payload. */
  abstract listen(channel: string, heard: (payload: string | undefined) => void, signal: AbortSignal): void;
}

/** A statement failed. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  constructor(
    message: string,
    /** SQLSTATE, or the code of the connection's error. */
    readonly code: string,
    /** The connection or the server is at fault, not the statement. */
    readonly transient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
