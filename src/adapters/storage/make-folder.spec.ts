import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.js';

describe('making a folder', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'teampulse-folder-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('makes those above it too, and is content with what is there', () => {
    const place = join(folder, 'a', 'b', 'c');
    makeFolder(place, 0o700);
    makeFolder(place, 0o700);
    expect(statSync(place).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  });

  it('fails with the reason where something else stands', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeFolder(join(folder, 'file'), 0o700)).toThrow(/EEXIST/);
    expect(() => makeFolder(join(folder, 'file', 'below'), 0o700)).toThrow(/ENOTDIR/);
  });

  it.runIf(existsSync('/proc/self'))('fails where the file system takes no folder', () => {
    expect(() => makeFolder('/proc/nothing/data', 0o700)).toThrow(/ENOENT/);
  });
});
