import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig, requireConfig } from './config.js';
import { readRunning, writeRunning } from './running.js';
import { configKeys, describeKey, envExample } from './schema.js';

describe('configuration', () => {
  it('needs nothing', () => {
    expect(parseConfig({})).toMatchObject({ databaseUrl: undefined, httpHost: '127.0.0.1', httpPort: 4000 });
  });

  it('names every problem at once, with its key and what to do, and never the value', () => {
    const secret = 'mysql://teampulse:hunter2@localhost/x';
    const wrong = { DATABASE_URL: secret, HTTP_PORT: '70000', LOG_LEVEL: 'loud', TOKEN_PRIVATE_KEY: '{"kty":"OKP"}' };
    const problems = (() => {
      try {
        parseConfig(wrong);
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    })();
    for (const key of Object.keys(wrong)) expect(problems).toContain(key);
    expect(problems).toContain('give it as postgres://');
    expect(problems).toContain('is above 65535');
    expect(problems).not.toContain('hunter2');
  });

  it('takes an empty value for none', () => {
    expect(parseConfig({ DATABASE_URL: '', HTTP_PORT: '' })).toMatchObject({ databaseUrl: undefined, httpPort: 4000 });
  });

  it('is frozen', () => {
    expect(Object.isFrozen(parseConfig({}))).toBe(true);
  });

  it('says which addresses a command misses', () => {
    const config = parseConfig({ DATABASE_URL: 'postgres://localhost/x' });
    expect(requireConfig(config, 'databaseUrl').databaseUrl).toBe('postgres://localhost/x');
    expect(() => requireConfig(config, 'databaseUrl', 'eventstoreUrl', 'databaseApiUrl')).toThrow(
      /EVENTSTORE_URL is not set[\s\S]*DATABASE_API_URL is not set/,
    );
  });

  it('is described key by key in .env.example', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });

  it('gives examples that are right themselves', () => {
    for (const key of configKeys) expect(() => parseConfig({ [key]: describeKey(key).example })).not.toThrow();
  });
});

describe('the note of a running `up`', () => {
  const folder = mkdtempSync(join(tmpdir(), 'teampulse-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const note = {
    databaseUrl: 'postgres://a/b',
    databaseApiUrl: 'postgres://c/d',
    eventstoreUrl: 'esdb://e',
    httpHost: '127.0.0.1',
    httpPort: 4000,
    monitorAddress: 'http://127.0.0.1:4001',
  };

  it('counts while its process lives', () => {
    writeRunning(folder, { ...note, pid: process.pid });
    expect(readRunning(folder)).toMatchObject(note);
  });

  it('counts for nothing when its process is dead, when it is damaged, and when there is none', () => {
    // Above the largest pid that Linux gives out.
    writeRunning(folder, { ...note, pid: 2 ** 22 + 1 });
    expect(readRunning(folder)).toBeUndefined();
    writeFileSync(join(folder, 'running.json'), '{"pid":');
    expect(readRunning(folder)).toBeUndefined();
    expect(readRunning(join(folder, 'elsewhere'))).toBeUndefined();
  });
});
