/** What the commands for scripts print and exit with, beside one running `teampulse up`. */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { v4 } from 'uuid';
import { teampulse, TeampulseProcess, type Ended } from '../support/teampulse-process.js';
import { scratchFolder } from '../support/scratch-folder.js';

let folder: string;
let up: TeampulseProcess;
let address = '';
const run = async (...args: string[]): Promise<Ended> => teampulse(args, { TEAMPULSE_DATA: folder });

beforeAll(async () => {
  folder = scratchFolder('cli');
  up = new TeampulseProcess(['up'], { TEAMPULSE_DATA: folder, HTTP_PORT: '0' });
  address = (await up.says(/ready at (http:\S+)/))[1] ?? '';
}, 90_000);
afterAll(async () => {
  await up.stop();
  rmSync(folder, { recursive: true, force: true });
});

const TASKS = '{ tasks { nodes { id } } }';

describe('teampulse', () => {
  it('says its version', async () => {
    const { code, stdout } = await run('--version');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  });
});

describe('teampulse workspace create', () => {
  it('prints the id of the new workspace, which its owner then sees as it was asked for', async () => {
    const options = ['--time-zone', 'Europe/Lisbon', '--currency', 'GBP'];
    const made = await run('workspace', 'create', 'Lisbon Bikes', ...options);
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^[0-9a-f-]{36}\n$/)]);
    const id = made.stdout.trim();
    const token = (await run('token', 'create', '--workspace', id)).stdout.trim();
    const query = '{ workspace { id name timeZone currency } }';
    // The read model follows the log within moments.
    const workspace = { id, name: 'Lisbon Bikes', timeZone: 'Europe/Lisbon', currency: 'GBP' };
    await vi.waitUntil(async () => (await run('gql', query, '--token', token)).stdout.includes('Lisbon'), 20_000);
    expect(JSON.parse((await run('gql', query, '--token', token)).stdout)).toEqual({ data: { workspace } });
  }, 40_000);

  it('again with the same id and name changes nothing, and another name is refused', async () => {
    const id = v4();
    const [first, again, other] = [
      await run('workspace', 'create', 'Acme', '--id', id),
      await run('workspace', 'create', 'Acme', '--id', id),
      await run('workspace', 'create', 'Other', '--id', id),
    ];
    expect([first.code, again.code, other.code]).toEqual([0, 0, 1]);
    expect([first.stdout, again.stdout, other.stdout]).toEqual([`${id}\n`, `${id}\n`, '']);
    expect(other.stderr).toMatch(/^teampulse: the workspace was not made: .*: choose another --id\n$/);
  });

  it.each([
    ['--time-zone', 'Europe/Atlantis', 1],
    ['--currency', 'euros', 1],
    ['--id', 'acme', 2],
  ])('names the option that is wrong: %s %s', async (option, value, exitCode) => {
    const { code, stdout, stderr } = await run('workspace', 'create', 'Acme', option, value);
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(option);
  });
});

describe('teampulse token create', () => {
  const workspaceId = v4();
  beforeAll(async () => {
    await run('workspace', 'create', 'Tokens', '--id', workspaceId);
  });

  it('says when there is no such workspace yet, and makes the token all the same', async () => {
    const { code, stdout, stderr } = await run('token', 'create', '--workspace', v4());
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ey/)]);
    expect(stderr).toMatch(/no workspace .* yet; `teampulse workspace create`/);
  });

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
    ['a URL of another protocol', [TASKS, '--url', 'ftp://127.0.0.1']],
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

  it.each([
    ['a port that requests may not go to', 'http://127.0.0.1:6000', /blocked.*another port, such as 4000/],
    ['a host that there is not', 'http://nowhere.invalid', /ENOTFOUND.*check --url/],
    ['https where http is spoken', () => address.replace('http:', 'https:'), /write http:/],
  ])('exits with 3 and a hint for %s', async (_, url, hint) => {
    const { code, stdout, stderr } = await run('gql', TASKS, '--url', typeof url === 'string' ? url : url());
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(hint);
  });

  it('exits with 3 where something else answers', async () => {
    const { code, stderr } = await run('gql', TASKS, '--url', `${address}/health`);
    expect(code).toBe(3);
    expect(stderr).toContain('no GraphQL');
  });
});

describe('teampulse api', () => {
  it('ends with 1 and says once which port is taken and what to do', async () => {
    const { port } = new URL(address);
    const { code, stdout, stderr } = await run('api', '--port', port);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`teampulse: can't listen on port ${port} of 127.0.0.1: the port is taken: choose another one, or stop what uses it\n`); // prettier-ignore
  });

  it('says which servers are away, and serves', async () => {
    const api = new TeampulseProcess(['api', '--port', '0'], {
      TEAMPULSE_DATA: folder,
      EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      DATABASE_API_URL: 'postgres://teampulse@127.0.0.1:1/teampulse',
    });
    await api.says(/http:\S+/);
    await vi.waitUntil(() => api.stderr.includes('EVENTSTORE_URL'), 20_000);
    expect(api.stderr).toMatch(/^teampulse: Postgres \(DATABASE_API_URL\) .*: requests that need it are refused/);
    expect(api.stderr.trim().split('\n')).toHaveLength(2);
    await api.stop();
  });

  it('says that the machine has no such address', async () => {
    const { code, stderr } = await run('api', '--host', '192.0.2.1', '--port', '0');
    expect(code).toBe(1);
    expect(stderr).toBe("teampulse: can't listen on port 0 of 192.0.2.1: this machine has no such address: check the host\n"); // prettier-ignore
  });
});

describe('teampulse import', () => {
  let files: string;
  beforeAll(() => {
    files = scratchFolder('files');
    writeFileSync(join(files, 'half.json'), '{"Invoice": "1"');
    writeFileSync(join(files, 'mapping.json'), '{"name": "mine"}');
    writeFileSync(join(files, 'orders.csv'), 'Invoice,Date,SKU,Quantity,Price\n1,2026-01-05,A,1,2.50\n');
  });
  afterAll(() => rmSync(files, { recursive: true, force: true }));

  it.each([
    ['a workspace that there is not', 'orders.csv', [], /no workspace .*`teampulse workspace create`/],
    ['a file that holds no record', 'half.json', [], /Not one record of it could be read/],
    ['a folder', '.', [], /is a folder/],
    ['a file that is not there', 'none.csv', [], /there is no such file/],
    [
      'no mapping',
      'orders.csv',
      ['--mapping', 'mapping.json'],
      /not right.*Compare it with one that is: .*online-retail/s,
    ],
    ['no place for rejects', 'orders.csv', ['--rejects', 'none/x.csv'], /rejects file .*can't be written.*--rejects/],
  ])('refuses %s and says what to do', async (_, name, options, message) => {
    const paths = options.map((word) => (word.startsWith('--') ? word : join(files, word)));
    const { code, stdout, stderr } = await run('import', 'sales', join(files, name), '--workspace', v4(), ...paths);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });
});

describe('teampulse migrate', () => {
  it('says what broke without a stack', async () => {
    const { code, stdout, stderr } = await teampulse(['migrate'], { DATABASE_URL: 'postgres://127.0.0.1:1/x' });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^teampulse: connect ECONNREFUSED 127\.0\.0\.1:1: nothing listens there.*\n$/);
  });

  it('leaves the database of a running `up` alone', async () => {
    const { code, stderr } = await run('migrate');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^teampulse: DATABASE_URL is not set: .*by itself\n$/)]);
  });
});

describe('teampulse events', () => {
  it('prints what events promise, without any server', async () => {
    const catalogue = await teampulse(['events', 'catalogue', '--json']);
    const types = catalogue.stdout.trim().split('\n').map((line) => (JSON.parse(line) as { type: string }).type); // prettier-ignore
    expect(types).toContain('work.TaskCreated');
    const schema = await teampulse(['events', 'schema', 'work.TaskCreated']);
    expect(JSON.parse(schema.stdout)).toMatchObject({ $id: 'urn:teampulse:event:work.TaskCreated:1' });
    const document = JSON.parse((await teampulse(['events', 'asyncapi'])).stdout) as { channels: object };
    expect(Object.keys(document.channels)).toEqual(types);
    const newer = await teampulse(['events', 'schema', 'work.TaskCreated', '--version', '99']);
    expect(newer.code).toBe(1);
    expect(newer.stderr).toContain('its newest is 1');
    expect((await teampulse(['events', 'schema', 'work.TaskCreate'])).code).toBe(2);
  });

  it.each([
    ['show', 'nonsense', 'stream@revision'],
    ['show', `task-${v4()}@x`, 'stream@revision'],
    ['show', `task-${v4()}@99999999999999999999`, 'stream@revision'],
    ['tail', '--type=task.', 'work.'],
    ['tail', '--workspace=acme', 'UUID'],
  ])('%s refuses %s with exit code 2 and what would be right', async (command, argument, right) => {
    const { code, stdout, stderr } = await run('events', command, argument);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(right);
  });

  it('say what to do where no event store answers', async () => {
    const nowhere = { EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' };
    const { code, stderr } = await teampulse(['events', 'tail'], nowhere);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^teampulse: the event store .*EVENTSTORE_URL/)]);
  }, 40_000);
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
