/** What the README and the demo promise a stranger: the queries give the answers that stand there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tourQueries } from '../../src/cli/demo/queries.js';
import { teampulse, TeampulseProcess } from '../support/teampulse-process.js';
import { scratchFolder } from '../support/scratch-folder.js';

const readme = readFileSync('README.md', 'utf8');
const tour = [...readme.matchAll(/```graphql\n(.*?)```\s+```json\n(.*?)```/gs)].map(
  ([, query = '', answer = '']) => [query.trim(), answer] as const,
);

describe('the README', () => {
  let folder: string;
  let demo: TeampulseProcess;
  let address = '';
  let token = '';

  beforeAll(async () => {
    folder = scratchFolder('readme');
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
