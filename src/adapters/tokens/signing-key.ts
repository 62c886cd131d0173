/** The key pairs that sign: tokens, and the checkpoints of auditors. Given by the configuration, or made once and kept in the data folder for its owner only. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { makeFolder } from '../storage/make-folder.js';

export interface SigningKey {
  /** The thumbprint (RFC 7638): verifiers find the key by it. */
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Without the private part. */
  readonly publicJwk: JWK;
}

/** The key can't be used or kept. `message` says which and what to do. */
export class SigningKeyError extends Error {
  readonly code = 'SIGNING_KEY';
  override readonly name = 'SigningKeyError';
}

/** What each key is for, and the file and the configuration key it is kept under. Apart, so that who makes tokens can't sign a log. */
const KINDS = {
  token: { file: 'token-key.json', setting: 'TOKEN_PRIVATE_KEY' },
  audit: { file: 'audit-key.json', setting: 'AUDIT_PRIVATE_KEY' },
} as const;
export type KeyKind = keyof typeof KINDS;

/** Edwards-curve signatures (RFC 8037): short, and fast to check. */
const ALGORITHM = 'EdDSA';

/**
 * @param configured a private JWK, Ed25519
 * @throws SigningKeyError when it is no such key, or the file can't be read or written
 */
export async function loadSigningKey(
  dataFolder: string,
  configured?: Readonly<Record<string, unknown>>,
  kind: KeyKind = 'token',
): Promise<SigningKey> {
  if (configured) return importKey(configured, KINDS[kind].setting);
  const file = join(dataFolder, KINDS[kind].file);
  return importKey(readKey(file, kind) ?? (await makeKey(dataFolder, file, kind)), file);
}

function readKey(file: string, kind: KeyKind): JWK | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new SigningKeyError(
      `the ${kind} key ${file} can't be read: give it to this user, or remove it to get a new one`,
      {
        cause,
      },
    );
  }
}

async function makeKey(dataFolder: string, file: string, kind: KeyKind): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  try {
    makeFolder(dataFolder, 0o755);
    // `wx`: of two processes that start together one writes, the other takes what it wrote.
    writeFileSync(file, `${JSON.stringify(jwk)}\n`, { mode: 0o600, flag: 'wx' });
    return jwk;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return readKey(file, kind) ?? jwk;
    throw new SigningKeyError(
      `the ${kind} key ${file} can't be written: choose another data folder, or give it to this user`,
      {
        cause,
      },
    );
  }
}

async function importKey(jwk: JWK, where: string): Promise<SigningKey> {
  const { kty, crv, x } = jwk;
  const publicOnly = { kty: kty ?? '', crv: crv ?? '', x: x ?? '' };
  try {
    const id = await calculateJwkThumbprint(publicOnly);
    const privateKey = await importJWK(jwk, ALGORITHM);
    const publicKey = await importJWK(publicOnly, ALGORITHM);
    if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) throw new TypeError('a symmetric key');
    return { id, privateKey, publicKey, publicJwk: { ...publicOnly, kid: id, alg: ALGORITHM, use: 'sig' } };
  } catch (cause) {
    throw new SigningKeyError(`${where} is not a private Ed25519 key as JSON Web Key`, { cause });
  }
}
