/** What the commands for scripts print and exit with, beside one running `teampulse up`. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v4 } from 'uuid';
import { teampulse, TeampulseProcess, type Ended } from '../support/teampulse-process.js';

let folder: string;
let up: TeampulseProcess;
let address = '';
const run = async (...args: string[]): Promise<Ended> => teampulse(args, { TEAMPULSE_DATA: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'teampulse-cli-'));
  up = new TeampulseProcess(['up'], { TEAMPULSE_DATA: folder, HTTP_PORT: '0' });
  address = (await up.says(/ready at (http:\S+)/))[1] ?? '';
}, 90_000);
afterAll(async () => {
  await up.stop();
  rmSync(folder, { recursive: true, force: true });
});

const TASKS = '{ tasks { nodes { id } } }';

describe('teampulse token create', () => {
  const workspaceId = v4();

  it('prints a token and nothing else, for whom and as long as it was told', async () => {
    const options = ['--workspace', workspaceId, '--subject', 'ann', '--role', 'viewer', '--expires', '30m'];
    const { code, stdout, stderr } = await run('token', 'create', ...options);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { sub, iat = 0, exp = 0, ...claims } = decodeJwt(stdout.trim());
    expect({ sub, lasts: exp - iat, ...claims }).toMatchObject({
      sub: 'ann',
      lasts: 1_800,
      workspaceId,
      role: 'viewer',
    });
  });

  it.each([
    ['no workspace', [], '--workspace'],
    ['a workspace by its name', ['--workspace', 'acme'], 'UUID'],
    ['a role that there is not', ['--workspace', workspaceId, '--role', 'king'], 'owner'],
    ['a duration without a unit', ['--workspace', workspaceId, '--expires', '30'], '30m'],
    ['more than a year', ['--workspace', workspaceId, '--expires', '367d'], '366d'],
  ])('answers %s with exit code 2 and what would be right', async (_, options, right) => {
    const { code, stdout, stderr } = await run('token', 'create', ...options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(right);
  });
});

describe('teampulse gql', () => {
  it('prints the answer of the running server and exits with 0', async () => {
    const token = (await run('token', 'create', '--workspace', v4())).stdout.trim();
    const query = 'query Tasks($first: Int) { tasks(first: $first) { nodes { id } } }';
    const { code, stdout } = await run('gql', query, '--variables', '{"first": 5}', '--token', token);
    expect([code, JSON.parse(stdout)]).toEqual([0, { data: { tasks: { nodes: [] } } }]);
  });

  it('exits with 1 when the answer has errors, and prints them', async () => {
    const { code, stdout } = await run('gql', TASKS);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it.each([
    ['no operation', []],
    ['variables that are no JSON', [TASKS, '--variables', '{first: 5}']],
    ['variables that are no object', [TASKS, '--variables', '[5]']],
    ['a URL that is none', [TASKS, '--url', 'nowhere']],
  ])('exits with 2 for %s', async (_, args) => {
    const { code, stdout, stderr } = await run('gql', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
  });

  it('exits with 3 and says what to do where no server is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { code, stderr } = await run('gql', TASKS, '--url', `http://127.0.0.1:${port}`);
    expect(code).toBe(3);
    expect(stderr).toContain(`no server reached at http://127.0.0.1:${port}/graphql (ECONNREFUSED)`);
    expect(stderr).toContain('teampulse up');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('exits with 3 where something else answers', async () => {
    const { code, stderr } = await run('gql', TASKS, '--url', `${address}/health`);
    expect(code).toBe(3);
    expect(stderr).toContain('no GraphQL');
  });
});

describe('teampulse api', () => {
  it('ends with 1 and says which port is taken and what to do, without a stack', async () => {
    const { port } = new URL(address);
    const { code, stdout, stderr } = await run('api', '--port', port);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^teampulse: port ${port} on 127\\.0\\.0\\.1 is taken: .*choose another`, 'm'));
    expect(stderr).not.toContain('    at ');
  });
});

describe('teampulse projections', () => {
  it('lists every read model as JSON for scripts', async () => {
    const { code, stdout } = await run('projections', 'list', '--json');
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as readonly Record<string, unknown>[];
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows)
      expect(row).toMatchObject({
        projection: expect.stringMatching(/^[a-z-]+$/) as string,
        version: expect.any(Number) as number,
        build: expect.stringMatching(/^build_\d+$/) as string,
        state: 'live',
        events: expect.any(Number) as number,
      });
  });

  it('refuses to build one that there is not, and names those that there are', async () => {
    const { code, stdout, stderr } = await run('projections', 'rebuild', 'nonsense');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^teampulse: there is no projection nonsense: choose one of: [a-z-]+(, [a-z-]+)+\n$/);
  });
});
