/** Bearer tokens: JSON Web Tokens signed with EdDSA, checked here and, by the public keys, by anybody. */
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { InvalidToken, TokenVerifier, type Caller } from '../../api/ports/token-verifier.port.js';
import type { SigningKey } from './signing-key.js';

export const ROLE_NAMES = ['owner', 'admin', 'manager', 'member', 'viewer'] as const;

const claimsSchema = z.object({
  sub: z.string().min(1).max(200),
  workspaceId: z.uuid(),
  role: z.enum(ROLE_NAMES),
  operator: z.literal(true).optional(),
  exp: z.int(),
});
/** What a token is made of: who (`subject`), where, as what. */
export type TokenClaims = Pick<Caller, 'workspaceId' | 'subject' | 'role'> & Partial<Pick<Caller, 'isOperator'>>;

const ISSUER = 'teampulse';
/** Checking a signature costs 0.1 ms, a tenth of a core at 1,000 requests a second. People use a token for hours. */
const MAX_CACHED = 10_000;
/** Ours have about 400 characters. */
const MAX_LENGTH = 4_096;

export class TokenService extends TokenVerifier {
  private readonly verified = new LRUCache<string, Caller>({ max: MAX_CACHED });

  constructor(private readonly key: SigningKey) {
    super();
  }

  /** A signed token that ends after so many seconds. */
  async create({ workspaceId, subject, role, isOperator }: TokenClaims, lifetimeSeconds: number): Promise<string> {
    return new SignJWT({ workspaceId, role, ...(isOperator && { operator: true }) })
      .setProtectedHeader({ alg: 'EdDSA', kid: this.key.id })
      .setIssuer(ISSUER)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds} seconds`)
      .sign(this.key.privateKey);
  }

  override async verify(token: string): Promise<Caller> {
    const known = this.verified.get(token);
    if (known && known.expiresAt > Date.now()) return known;
    const caller = await this.check(token);
    this.verified.set(token, caller);
    return caller;
  }

  override async publicKeys(): Promise<{ readonly keys: readonly object[] }> {
    return { keys: [this.key.publicJwk] };
  }

  private async check(token: string): Promise<Caller> {
    if (token.length > MAX_LENGTH) throw new InvalidToken('The token is longer than any of ours.');
    try {
      const { payload } = await jwtVerify(token, this.key.publicKey, { issuer: ISSUER, algorithms: ['EdDSA'] });
      const { sub, workspaceId, role, operator, exp } = claimsSchema.parse(payload);
      return { workspaceId, subject: sub, role, isOperator: operator === true, expiresAt: exp * 1_000 };
    } catch (error) {
      throw new InvalidToken(reason(error), { cause: error });
    }
  }
}

function reason(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: make a new one with `teampulse token create`.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The token was not signed by this server.';
  if (error instanceof z.ZodError) return 'The token lacks what ours say: workspaceId, sub, role and exp.';
  return 'The token is not a valid JSON Web Token of this server.';
}
