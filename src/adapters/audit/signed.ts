/** Signatures on what an auditor keeps: JSON Web Signatures (RFC 7515), Ed25519. */
import { createHash } from 'node:crypto';
import { CompactSign, compactVerify, importJWK, type CryptoKey } from 'jose';
import { z } from 'zod';
import type { SigningKey } from '../tokens/signing-key.js';

const ALGORITHM = 'EdDSA';
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** @returns the compact form. The same bytes and key give the same signature. */
export async function sign(key: SigningKey, payload: Uint8Array): Promise<string> {
  return new CompactSign(payload).setProtectedHeader({ alg: ALGORITHM, kid: key.id }).sign(key.privateKey);
}

/** The bytes that were signed; undefined when it is no signature by this key. */
export async function verifySigned(key: CryptoKey, signed: string): Promise<Buffer | undefined> {
  // Base64 has spellings of the same bytes that a decoder takes alike: only the one that was written counts.
  const isAsWritten = COMPACT.test(signed) && signed.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part); // prettier-ignore
  if (!isAsWritten) return undefined;
  try {
    return Buffer.from((await compactVerify(signed, key, { algorithms: [ALGORITHM] })).payload);
  } catch {
    return undefined;
  }
}

/** The payload in its own file, the signature beside it (RFC 7515, appendix F). */
export const detach = (signed: string): string => signed.replace(/\.[\w-]+\./, '..');
export const attach = (detached: string, payload: Uint8Array): string =>
  detached.replace('..', `.${Buffer.from(payload).toString('base64url')}.`);

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const publicJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });

/** @returns undefined when the text is no public Ed25519 key as JSON Web Key */
export async function readPublicKey(text: string): Promise<CryptoKey | undefined> {
  try {
    // Whatever else stands there is not taken: a private key in the file is not looked at.
    const key = await importJWK(publicJwk.parse(JSON.parse(text)), ALGORITHM);
    return key instanceof Uint8Array ? undefined : key;
  } catch {
    return undefined;
  }
}
