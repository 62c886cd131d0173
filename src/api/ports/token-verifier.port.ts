/** Bearer tokens as the API needs them: who is this, and with which public keys others can check it themselves. */
import type { Role } from '../shared/request-context.js';

/** What a valid token says. */
export interface Caller {
  readonly workspaceId: string;
  readonly subject: string;
  readonly role: Role;
  /** Looks after the installation: the read models of all workspaces. No role of a workspace makes one. */
  readonly isOperator: boolean;
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The token can't be accepted. `message` says why, without repeating it. */
export class InvalidToken extends Error {
  readonly code = 'INVALID_TOKEN';
  override readonly name = 'InvalidToken';
}

export abstract class TokenVerifier {
  /** @throws InvalidToken when it is malformed, expired, not signed by us, or its claims are not what they must be */
  abstract verify(token: string): Promise<Caller>;

  /** The public keys as a JSON Web Key Set (RFC 7517), for `/.well-known/jwks.json`. */
  abstract publicKeys(): Promise<{ readonly keys: readonly object[] }>;
}
