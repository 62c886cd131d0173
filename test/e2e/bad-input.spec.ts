/** Bad input at every door of a running installation: one clear answer, and nothing half done. */
import { spawnSync } from 'node:child_process';
import { chmodSync, createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { v4, v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestWorkspace } from '../support/real-data.js';
import { RunningUp } from '../support/running-up.js';
import { teampulse, TeampulseProcess } from '../support/teampulse-process.js';
import { scratchFolder } from '../support/scratch-folder.js';

const workspaceId = v4();
let folder: string;
let up: RunningUp;
let token: string;

beforeAll(async () => {
  folder = scratchFolder('bad');
  up = await RunningUp.start(join(folder, 'data'));
  await createTestWorkspace(up.servers.eventstoreUrl, workspaceId, { currency: 'EUR' });
  token = await up.token(workspaceId);
}, 90_000);
afterAll(async () => {
  await up.end();
  rmSync(folder, { recursive: true, force: true });
});

/** How many events there are of these types. */
async function eventsOf(prefix: string): Promise<number> {
  return (await up.log()).filter(({ type }) => type.startsWith(prefix)).length;
}

const mutation = (name: string): string =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { userErrors { code message field } } }`;
const saleInput = (line: object, more: object = {}): object => ({
  reference: 'R1',
  ...more,
  lines: [{ product: 'P1', quantity: '1', unitPrice: '1.00', ...line }],
});

describe('a GraphQL request', () => {
  interface Answer {
    readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
    // oxlint-disable-next-line typescript/no-explicit-any -- the shape is the query's
    readonly data?: any;
  }
  async function send(query: string, input: object): Promise<{ status: number; body: Answer }> {
    const response = await fetch(`${up.address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables: { input } }),
    });
    return { status: response.status, body: (await response.json()) as Answer };
  }
  it.each([
    ['createTask', { projectId: v7(), title: 'Due never', dueDate: '2026-02-30T10:00:00Z' }, /dueDate.*2026-02-30T10/],
    ['recordSale', saleInput({}, { day: '2026-02-30' }), /day.*2026-02-30/],
    ['recordSale', saleInput({ unitPrice: '1,234.5O' }), /unitPrice.*1,234\.5O/],
    ['recordSale', saleInput({ unitPrice: 'Infinity' }), /unitPrice.*Infinity/],
    ['updateTask', { taskId: '42', title: 'No such id' }, /taskId.*42/],
    ['checkIn', { employeeId: v7(), at: '2026-13-01T00:00:00Z' }, /at.*2026-13-01/],
  ])('%s with %j is told which field and what stood there', async (name, input, words) => {
    const { status, body } = await send(mutation(name), input);
    expect(status).toBe(400);
    expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(body.errors?.[0]?.message).toMatch(words);
  });

  it.each([
    ['updateTask', { taskId: v7(), title: 'Nobody knows it' }],
    ['changeTaskStatus', { taskId: v7(), status: 'DONE' }],
    ['createTask', { projectId: v7(), title: 'In no project' }],
    ['cancelSale', { saleId: v7(), reason: 'Never was' }],
    ['checkIn', { employeeId: v7() }],
  ])('%s of something unknown is refused as data: NOT_FOUND', async (name, input) => {
    const { status, body } = await send(mutation(name), input);
    expect({ status, errors: body.errors }).toEqual({ status: 200, errors: undefined });
    expect(body.data[name].userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(body.data[name].userErrors[0].message).not.toBe('');
  });

  it.each([
    ['no JSON', '{"query": '],
    ['JSON that is no request', '[1, 2]'],
    ['nothing', ''],
  ])('that is %s is refused with 400 and words', async (_, body) => {
    const response = await fetch(`${up.address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body,
    });
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text.length).toBeGreaterThan(20);
    expect(text).not.toMatch(/ at .*\.js|INTERNAL_SERVER_ERROR/);
  });

  it('leaves nothing of all that in the log', async () => {
    expect((await up.log()).map(({ type }) => type)).toEqual(['workspaces.WorkspaceCreated']);
  });
});

const HEADER = 'Invoice,Date,SKU,Product,Qty,Price,Customer\n';
const sale = (n: number, price = '1.50'): string => `D${n},2024-01-${String((n % 28) + 1).padStart(2, '0')} 10:00:00,P${n % 7},Thing,2,${price},\n`; // prettier-ignore

const run = (file: string, ...more: string[]): TeampulseProcess =>
  new TeampulseProcess(
    ['import', 'sales', file, '--workspace', workspaceId, '--rejects', `${file}.rejects.csv`, '--json', ...more],
    { TEAMPULSE_DATA: up.folder },
  );
const put = (name: string, content: string | Buffer): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

describe('teampulse import', () => {
  it('ends with 1 and one clear line for files that are not what they say, and writes nothing', async () => {
    const files: [file: string, words: RegExp][] = [
      [put('empty.csv', ''), /empty\.csv is empty/],
      [put('book.xlsx', HEADER + sale(1)), /named like a workbook but is none/],
      [put('packed.csv.gz', HEADER + sale(1)), /named \.gz but is not compressed/],
    ];
    for (const [file, words] of files) {
      const { code, stdout, stderr } = await run(file).ended;
      const lines = stderr.trim().split('\n');
      expect({ code, stdout, last: lines.at(-1) }).toEqual({ code: 1, stdout: '', last: expect.stringMatching(words) as string }); // prettier-ignore
      expect(lines.at(-1)).toMatch(/^teampulse: /);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
    expect(await eventsOf('sales.')).toBe(0);
  }, 60_000);

  it('reads over a line of a gigabyte without holding it', async () => {
    const file = join(folder, 'gigabyte.csv');
    const block = Buffer.alloc(1024 * 1024, 'x');
    await pipeline(
      Readable.from(
        (function* () {
          yield Buffer.from(HEADER + sale(1));
          for (let megabyte = 0; megabyte < 1024; megabyte += 1) yield block;
          yield Buffer.from(`\n${sale(2)}`);
        })(),
      ),
      createWriteStream(file),
    );
    try {
      const importing = run(file);
      const peak = await peakMemory(importing);
      const { code, stdout } = await importing.ended;
      expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 4, read: 3, changed: 2, rejected: 1 });
      expect(readFileSync(`${file}.rejects.csv`, 'utf8')).toMatch(/3,.*the line is longer than 1048576 characters/);
      // Where it can't be told, nothing is.
      expect(peak ?? 0).toBeLessThan(512 * 1024);
    } finally {
      rmSync(file);
    }
  }, 120_000);

  it('goes on, or says what to do and goes on when run again, when Postgres is killed in the middle', async () => {
    const DOCUMENTS = 2_000;
    const file = put('many.csv', HEADER + Array.from({ length: DOCUMENTS }, (_, n) => sale(n + 10)).join(''));
    const before = await eventsOf('sales.SaleRecorded');
    const head = async (): Promise<string | undefined> =>
      (await up.sql<{ head: string }>('SELECT max(position) AS head FROM eventstore.event', 'eventstore'))[0]?.head;
    const untouched = await head();
    const first = run(file);
    // Its run has begun, and nearly all of it is still to come.
    await vi.waitUntil(async () => (await head()) !== untouched, { timeout: 30_000, interval: 10 });
    process.kill(up.postgres, 'SIGKILL');
    let ended = await first.ended;
    // Most often it waits for Postgres to be back. Where it could not, it says so, and the same command goes on.
    if (/event store|again/i.test(ended.stderr) && ended.code === 1) ended = await run(file).ended;
    expect(ended).toMatchObject({ code: 0 });
    expect(await eventsOf('sales.SaleRecorded')).toBe(before + DOCUMENTS);
    await vi.waitUntil(async () => (await up.sql<{ n: string }>('SELECT count(*) AS n FROM read.sales'))[0]?.n === String(before + DOCUMENTS), { timeout: 30_000, interval: 50 }); // prettier-ignore
  }, 120_000);
});

/** The most memory that a process had, in kB, as Linux counts it; undefined elsewhere. */
async function peakMemory({ child }: TeampulseProcess): Promise<number | undefined> {
  const status = `/proc/${child.pid}/status`;
  let peak: number | undefined;
  while (child.exitCode === null && existsSync(status)) {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1];
    if (found !== undefined) peak = Number(found);
    await delay(20);
  }
  return peak;
}

describe('a place that can not be had', () => {
  it('is named by an event store whose port is taken', async () => {
    const { port } = new URL(up.address);
    const { code, stderr } = await teampulse(['eventstore', '--port', port], {
      EVENTSTORE_DATABASE_URL: up.servers.databaseUrl.replace(/[^/]*$/, 'postgres'),
    });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toMatch(new RegExp(`^teampulse: .*${port}.*taken`));
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('is named when the data folder belongs to somebody else', () => {
    const foreign = join(folder, 'foreign');
    mkdirSync(foreign, { mode: 0o500 });
    // Root may write everywhere, so then somebody else is asked to.
    const asSomebody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const [command, ...args] = [...asSomebody, process.execPath, resolve('dist/cli/main.js'), 'up'];
    const { PATH = '' } = process.env;
    const result = spawnSync(command, args, { env: { PATH, TEAMPULSE_DATA: foreign }, encoding: 'utf8' });
    if (result.error) return console.log('There is no setpriv: a data folder of somebody else is not tried.');
    expect(result.status).toBe(1);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stderr).toContain(foreign);
    expect(result.stderr).toMatch(/TEAMPULSE_DATA|give it to this user/);
    chmodSync(foreign, 0o700);
    return undefined;
  });
});
