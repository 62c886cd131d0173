/** A refusal: a value, not an exception. Expected, shown to the client as a typed user error. */

/**
 * The codes a client can act on. `CONFLICT`: the thing changed since the version the client saw; `NOT_FOUND` also covers
 * things of another workspace, which must not be told apart from things that do not exist; `IDEMPOTENCY_MISMATCH`: the command
 * id was used before, for a command with another input.
 */
export type RejectionCode =
  'INVALID' | 'NOT_FOUND' | 'CONFLICT' | 'FORBIDDEN' | 'ALREADY_EXISTS' | 'NOT_ALLOWED_NOW' | 'IDEMPOTENCY_MISMATCH';

export class Rejection {
  constructor(
    readonly code: RejectionCode,
    /** For people: what was wrong and what to do. Never carries personal data. */
    readonly message: string,
    /** The path of the input field at fault, for example `['lines', '0', 'amount']`. */
    readonly field: readonly string[] = [],
    /** Facts a client can use, for example `{ currentVersion: 7 }`. */
    readonly details: Readonly<Record<string, string | number | boolean | null>> = {},
  ) {}
}

export const reject = (...args: ConstructorParameters<typeof Rejection>): Rejection => new Rejection(...args);
