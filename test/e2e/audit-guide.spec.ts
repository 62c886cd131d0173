/** What docs/audit.md promises an auditor: its lines, run as they stand, on the demo. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../support/scratch-folder.js';
import { TeampulseProcess } from '../support/teampulse-process.js';

const blocks = [...readFileSync('docs/audit.md', 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text);

describe('the guide for auditors', () => {
  let folder: string;
  let demo: TeampulseProcess;
  let said: SpawnSyncReturns<string>;

  beforeAll(async () => {
    folder = scratchFolder('audit-guide');
    demo = new TeampulseProcess(['demo'], { TEAMPULSE_DATA: folder, HTTP_PORT: '0' });
    const [, token = ''] = await demo.says(/^TOKEN=(\S+)$/m, 240_000);
    await demo.says(/Ctrl-C/);
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'teampulse'), `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/cli/main.js')}" "$@"\n`); // prettier-ignore
    chmodSync(join(folder, 'bin', 'teampulse'), 0o755);
    const path = `${join(folder, 'bin')}:${process.env['PATH']}`;
    // Each block says its name before what it says.
    const script = blocks.map((text, index) => `echo "== ${index}"\n${text}`).join('\n');
    said = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env: { PATH: path, TEAMPULSE_DATA: folder, TOKEN: token }, encoding: 'utf8' }); // prettier-ignore
  }, 480_000);
  afterAll(async () => {
    await demo.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes from a number to its events, to the signed root, and to the fraud that is found out', () => {
    expect(said.status, said.stderr).toBe(0);
    const [, created = 'none'] = /"created": ?(\d+)/.exec(said.stdout) ?? [];
    expect(Number(created)).toBeGreaterThan(0);
    expect(said.stdout).toContain(`counted ${created}\n`);
    expect(said.stdout).toContain('tasks is what was signed');
    expect(said.stdout).toContain('The event is in the log that checkpoint');
    expect(said.stdout).toContain('altered is NOT what was signed');
    expect(said.stdout).toContain('found out, exit code 3');
    expect(said.stdout).toContain('everything is what was signed');
  });

  it('hashes a leaf by hand as the tree does', () => {
    const [, byHand = ''] = /^([0-9a-f]{64}) {2}-$/m.exec(said.stdout) ?? [];
    const proof = JSON.parse(readFileSync(join(folder, 'proof.json'), 'utf8'));
    expect(proof.entry).toBe(readFileSync(join(folder, 'tasks', 'events.jsonl'), 'utf8').split('\n')[0]);
    expect(byHand).toHaveLength(64);
    expect(rootByHand(byHand, proof)).toBe(/Merkle root ([0-9a-f]{64})/.exec(said.stdout)?.[1]);
  });
});

const node = (left: string, right: string): string =>
  spawnSync('sha256sum', { input: Buffer.from(`01${left}${right}`, 'hex'), encoding: 'utf8' }).stdout.slice(0, 64);

/** RFC 9162, 2.1.3.2, with a program of nobody's. */
function rootByHand(leaf: string, { index, size, path }: { index: number; size: number; path: string[] }): string {
  let place = BigInt(index);
  let last = BigInt(size - 1);
  let root = leaf;
  for (const step of path) {
    if (place % 2n === 1n || place === last) {
      root = node(step, root);
      while (place % 2n === 0n && place > 0n) [place, last] = [place / 2n, last / 2n];
    } else root = node(root, step);
    [place, last] = [place / 2n, last / 2n];
  }
  return root;
}
