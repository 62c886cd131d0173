import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { InvalidToken } from '../../api/ports/token-verifier.port.js';
import { loadSigningKey, SigningKeyError } from './signing-key.js';
import { TokenService } from './token-service.js';

const folder = mkdtempSync(join(tmpdir(), 'teampulse-tokens-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const claims = {
  workspaceId: '01890a5d-ac96-774b-bcce-b302099a8057',
  subject: 'someone',
  role: 'member' as const,
};

describe('a bearer token', () => {
  it('says who, where and as what, also to another process with the same data folder', async () => {
    const token = await new TokenService(await loadSigningKey(folder)).create(claims, 60);
    const caller = await new TokenService(await loadSigningKey(folder)).verify(token);
    expect(caller).toMatchObject(claims);
    expect(caller.expiresAt).toBeGreaterThan(Date.now() + 50_000);
  });

  it('is signed with a key that only its owner can read', async () => {
    await loadSigningKey(folder);
    expect(statSync(join(folder, 'token-key.json')).mode & 0o777).toBe(0o600);
  });

  it('is refused when it has expired', async () => {
    const service = new TokenService(await loadSigningKey(folder));
    await expect(service.verify(await service.create(claims, -1))).rejects.toThrow(/expired/);
  });

  it('is refused when another key signed it, when it is no token, and when it is far too long', async () => {
    const service = new TokenService(await loadSigningKey(folder));
    const other = new TokenService(await loadSigningKey(join(folder, 'other')));
    await expect(service.verify(await other.create(claims, 60))).rejects.toThrow(/not signed by this server/);
    await expect(service.verify('abc')).rejects.toBeInstanceOf(InvalidToken);
    await expect(service.verify('a'.repeat(10_000))).rejects.toBeInstanceOf(InvalidToken);
  });

  it('is refused when a claim is missing or not what it must be', async () => {
    const key = await loadSigningKey(folder);
    const token = await new SignJWT({ workspaceId: claims.workspaceId, role: 'god' })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer('teampulse')
      .setSubject('x')
      .setExpirationTime('1 minute')
      .sign(key.privateKey);
    await expect(new TokenService(key).verify(token)).rejects.toThrow(/lacks/);
  });

  it('is not accepted unsigned', async () => {
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    const body = Buffer.from(JSON.stringify({ ...claims, sub: 'x', exp: 4e9, iss: 'teampulse' })).toString('base64url');
    const service = new TokenService(await loadSigningKey(folder));
    await expect(service.verify(`${header}.${body}.`)).rejects.toBeInstanceOf(InvalidToken);
  });

  it('is never shown with the private part of its key', async () => {
    const { keys } = await new TokenService(await loadSigningKey(folder)).publicKeys();
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' });
    expect(keys[0]).not.toHaveProperty('d');
  });
});

describe('the signing key', () => {
  it('is refused when it is not Ed25519', async () => {
    await expect(loadSigningKey(folder, { kty: 'oct', k: 'abcd', d: 'x' })).rejects.toBeInstanceOf(SigningKeyError);
  });
});
