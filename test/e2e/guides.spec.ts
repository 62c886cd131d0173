/**
 * What the README and the guide for auditors promise a stranger, run as it stands there, on one demo; and what that demo is.
 * In this order: told again, the demo adds nothing, whatever has been done on it before.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRunning } from '../../src/adapters/config/running.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { tourQueries } from '../../src/cli/demo/queries.js';
import { chapters, countSteps, tell } from '../../src/cli/demo/tell.js';
import { WriteSideModule } from '../../src/write-side.module.js';
import { teampulse, TeampulseProcess } from '../support/teampulse-process.js';
import { scratchFolder } from '../support/scratch-folder.js';

const readme = readFileSync('README.md', 'utf8');
const tour = [...readme.matchAll(/```graphql\n(.*?)```\s+```json\n(.*?)```/gs)].map(
  ([, query = '', answer = '']) => [query.trim(), answer] as const,
);

const auditBlocks = [...readFileSync('docs/audit.md', 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(
  ([, text = '']) => text,
);

let folder: string;
let demo: TeampulseProcess;
let address = '';
let token = '';

beforeAll(async () => {
  folder = scratchFolder('guides');
  demo = new TeampulseProcess(['demo'], { TEAMPULSE_DATA: folder, HTTP_PORT: '0' });
  address = (await demo.says(/browser +(http:\S+)/, 240_000))[1] ?? '';
  token = (await demo.says(/^TOKEN=(\S+)$/m))[1] ?? '';
  await demo.says(/Ctrl-C/);
}, 250_000);
afterAll(async () => {
  await demo.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(query: string): Promise<{ data?: unknown; errors?: unknown }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${address}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return (await response.json()) as { data?: unknown; errors?: unknown };
}

describe('the README', () => {
  it('has a tour', () => {
    expect(tour.length).toBeGreaterThanOrEqual(5);
  });

  it.each(tour)('answers %s as it says', async (query, answer) => {
    expect(await ask(query)).toEqual(JSON.parse(answer));
  });

  it.each(tourQueries.map(({ query }) => query))('answers the query that the demo prints: %s', async (query) => {
    const { data, errors } = await ask(query);
    expect(errors).toBeUndefined();
    expect(data).toBeDefined();
    expect(demo.stdout).toContain(JSON.stringify({ query }));
  });

  it('names commands that there are', async () => {
    const named = new Set(
      [...readme.matchAll(/^\| `(.+)` \|/gm)]
        .flatMap(([, cell = '']) => cell.split('`, `'))
        .map((text) => text.split(' ')[0] ?? ''),
    );
    const { stdout } = await teampulse(['--help']);
    const there = [...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name);
    expect(there).toEqual(expect.arrayContaining([...named].filter((name) => name !== '')));
  });

  it('brings a file into a new workspace, line by line', async () => {
    const [, section = ''] = /^## Your own data$(.*?)^## /ms.exec(readme) ?? [];
    const [bringIn = '', question = ''] = [...section.matchAll(/^```\n(.*?)^```/gms)].map(([, lines]) => lines ?? '');
    const place = mkdtempSync(join(folder, 'shell-'));
    for (const name of ['dist', 'examples']) symlinkSync(resolve(name), join(place, name));
    const env = { PATH: process.env['PATH'], TEAMPULSE_DATA: folder };
    const shell = (lines: string): string =>
      spawnSync('sh', ['-c', lines], { cwd: place, env, encoding: 'utf8' }).stdout;

    const said = shell(`${bringIn}echo WORKSPACE=$WORKSPACE`);
    expect(said).toMatch(/^5 records in .* 4 changed something, .* 1 were rejected\./m);
    expect(readFileSync(join(place, 'orders.csv.rejects.csv'), 'utf8')).toContain('2026-02-30');
    const [workspace = ''] = /WORKSPACE=\S+/.exec(said) ?? [];
    // The read models follow within moments.
    const answer = await vi.waitUntil(
      () => {
        const { data } = JSON.parse(shell(`${workspace}\n${question}`)) as { data: { salesByDay: unknown[] } };
        return data.salesByDay.length === 2 && data;
      },
      { timeout: 30_000 },
    );
    expect(answer.salesByDay).toEqual([
      { day: '2026-01-05', figures: { orders: 1, gross: { amount: '92.40' } } },
      { day: '2026-01-06', figures: { orders: 2, gross: { amount: '175.95' } } },
    ]);
  }, 90_000);

  it('lets the log be looked at while the demo runs', async () => {
    const environment = { TEAMPULSE_DATA: folder };
    const tail = await teampulse(
      ['events', 'tail', '--after', 'start', '--no-follow', '--type', 'work.ProjectCreated'],
      environment,
    );
    expect(tail.stdout.trim().split('\n')).toHaveLength(4);
    const [, place = ''] = /(project-\S+@0)/.exec(tail.stdout) ?? [];
    const shown = await teampulse(['events', 'show', place], environment);
    expect(JSON.parse(shown.stdout)).toMatchObject({ specversion: '1.0', type: 'work.ProjectCreated', revision: 0 });
    const missing = await teampulse(['events', 'show', `${place}9`], environment);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('there is no event');
  }, 60_000);
});

describe('the guide for auditors', () => {
  let said: SpawnSyncReturns<string>;

  beforeAll(() => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'teampulse'), `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/cli/main.js')}" "$@"\n`); // prettier-ignore
    chmodSync(join(folder, 'bin', 'teampulse'), 0o755);
    const path = `${join(folder, 'bin')}:${process.env['PATH']}`;
    // Each block says its name before what it says.
    const script = auditBlocks.map((text, index) => `echo "== ${index}"\n${text}`).join('\n');
    said = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env: { PATH: path, TEAMPULSE_DATA: folder, TOKEN: token, ADDRESS: address }, encoding: 'utf8' }); // prettier-ignore
  }, 240_000);

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
    expect(said.stdout).toContain(`${address} says the same.`);
    expect(said.stdout).toMatch(/"salesSummary": \[\s+\{\s+"figures": \{\s+"currency": "EUR",\s+"orders": [1-9]/);
  });

  it('hashes a leaf by hand as the tree does', () => {
    const [, byHand = ''] = /^([0-9a-f]{64}) {2}-$/m.exec(said.stdout) ?? [];
    const proof = JSON.parse(readFileSync(join(folder, 'proof.json'), 'utf8'));
    expect(proof.entry).toBe(readFileSync(join(folder, 'tasks', 'events.jsonl'), 'utf8').split('\n')[0]);
    expect(byHand).toHaveLength(64);
    expect(rootByHand(byHand, proof)).toBe(/Merkle root ([0-9a-f]{64})/.exec(said.stdout)?.[1]);
  });
});

describe('the demo', () => {
  it('is a year of a company: sales, presence, tasks, runs', () => {
    const keys = chapters.flat().map((story) => story.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => key.startsWith('sale/'))).toHaveLength(5_000);
    expect(keys.filter((key) => key.startsWith('day/')).length).toBeGreaterThan(5_000);
    expect(keys.filter((key) => key.startsWith('task/'))).toHaveLength(600);
  });

  it('adds nothing when it is told again', async () => {
    const store = new EventStoreDbAdapter(readRunning(folder)?.eventstoreUrl ?? '', allEvents);
    const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
    let told = 0;
    const count = { advance: (steps: number) => (told += steps), finish: () => undefined, abandon: () => undefined };
    try {
      const before = await store.head();
      await tell(app.get(CommandBus), count, new AbortController().signal);
      expect(await store.head()).toEqual(before);
      expect(told).toBe(countSteps());
    } finally {
      await app.close();
      await store.dispose();
    }
  }, 120_000);
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
