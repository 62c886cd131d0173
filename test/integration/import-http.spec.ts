import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { createTestWorkspace } from '../support/real-data.js';
import { TeampulseProcess, teampulse } from '../support/teampulse-process.js';

const TOKEN = 'token-of-the-source-0815';

let server: Server;
let origin: string;
let store: TestEventStore;
let folder: string;
let workspaceId: string;
/** Addresses asked for, in order. */
const asked: string[] = [];
let answer: (url: URL) => { readonly status?: number; readonly body: unknown } | 'silence';

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', origin);
    asked.push(`${url.pathname}${url.search}`);
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return void response.writeHead(401).end();
    const given = answer(url);
    if (given === 'silence') return;
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(given.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  store = await startTestEventStore();
  folder = mkdtempSync(join(tmpdir(), 'import-http-'));
}, 60_000);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await store.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  asked.length = 0;
  workspaceId = randomUUID();
  await createTestWorkspace(store.connectionString, workspaceId, { currency: 'EUR' });
});

const args = (kind: string, address: string, mapping: string): string[] => {
  const rejects = join(folder, `${workspaceId}.csv`);
  return ['import', kind, `${origin}${address}`, '--workspace', workspaceId, '--mapping', mapping, '--rejects', rejects, '--json']; // prettier-ignore
};
const environment = (): Record<string, string> => ({
  EVENTSTORE_URL: store.connectionString,
  IMPORT_HTTP_TOKEN: TOKEN,
});
const bringIn = async (given: string[]): Promise<{ code: number | null; stderr: string; result: Record<string, unknown> }> => {
  const { code, stdout, stderr } = await teampulse(given, environment());
  return { code, stderr, result: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>) };
}; // prettier-ignore

function mappingFile(name: string, content: object): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ name, ...content }));
  return path;
}

/** What the log holds of the workspace. */
async function eventsOf(types: readonly string[]): Promise<RecordedEvent[]> {
  const log = new EventStoreDbAdapter(store.connectionString, allEvents);
  const stop = new AbortController();
  const events: RecordedEvent[] = [];
  try {
    for await (const items of log.subscribe({ signal: stop.signal, typePrefixes: types })) {
      for (const item of items) {
        if (item.kind === 'event' && item.event.metadata.workspaceId === workspaceId) events.push(item.event);
        if (item.kind === 'caughtUp') stop.abort();
      }
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await log.dispose();
  }
  return events;
}
const types = (events: readonly RecordedEvent[]): string[] => events.map(({ type }) => type);

const PAGE = 50;
const PAGES = 6;
/** Employees, numbered through; one of every page without a name. */
const employees = (page: number): { no: string; name: string }[] =>
  page > PAGES
    ? []
    : Array.from({ length: PAGE }, (_, index) => ({
        no: String((page - 1) * PAGE + index + 1),
        name: index === 7 ? '' : `Person ${(page - 1) * PAGE + index + 1}`,
      }));
const EMPLOYEES = {
  kind: 'employees',
  fields: { number: 'no', name: 'name' },
  http: { recordsPath: 'people', next: [{ by: 'page', parameter: 'page' }] },
};
const pageOf = (url: URL): number => Number(url.searchParams.get('page') ?? 1);

const saleLine = (page: number, no: number): object => ({ order: `O${Math.floor(no / 3)}`, date: '2024-05-02', sku: `P${no}`, quantity: 1, price: '2.50', page }); // prettier-ignore

const jiraIssue = (number: number): object => ({
  id: String(10_000 + number),
  key: `WEB-${number}`,
  fields: {
    summary: `Issue ${number}`,
    project: { key: 'WEB', name: 'Web shop' },
    status: { name: 'Done' },
    created: '2024-03-01T09:00:00.000+0100',
    labels: [],
  },
  changelog: {
    histories: [
      { id: '1', created: '2024-03-02T09:00:00.000+0100', items: [{ field: 'status', fromString: 'To Do', toString: 'Done' }] }, // prettier-ignore
    ],
  },
});
/** Orders of three lines on pages of ten: every page but the last ends within one. */
const saleLines = (page: number): object[] => page > 3 ? [] : Array.from({ length: 10 }, (_, index) => saleLine(page, (page - 1) * 10 + index)); // prettier-ignore

describe('an import from pages of JSON', () => {
  it('brings every page in, goes on at its page after kill -9, and keeps the token to itself', async () => {
    let stuckAt = 4;
    answer = (url) => (pageOf(url) === stuckAt ? 'silence' : { body: { people: employees(pageOf(url)) } });
    const given = args('employees', '/people?dept=x', mappingFile('people', EMPLOYEES));
    const attempt = new TeampulseProcess(given, environment());
    // The fourth page is asked for while those before it are on their way into the log.
    await vi.waitUntil(() => asked.includes('/people?dept=x&page=4'), { timeout: 30_000 });
    await vi.waitUntil(async () => types(await eventsOf(['sync.RunProgressed'])).length === 3, { timeout: 10_000 });
    await attempt.stop('SIGKILL');

    stuckAt = 0;
    asked.length = 0;
    const { code, result } = await bringIn(given);
    expect(code).toBe(4);
    expect(asked.map((address) => pageOf(new URL(address, origin)))).toEqual([4, 5, 6, 7]);
    expect(result).toMatchObject({ outcome: 'completed', read: 300, changed: 294, rejected: 6 });
    const rejects = readFileSync(join(folder, `${workspaceId}.csv`), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    expect(rejects.map((line) => line.split(',').slice(1, 4))).toEqual(
      [8, 58, 108, 158, 208, 258].map((line) => [String(line), 'name', '']),
    );
    expect(await eventsOf(['attendance.EmployeeAdded'])).toHaveLength(294);
    const sync = await eventsOf(['sync.']);
    expect(types(sync).filter((type) => type === 'sync.RunStarted')).toHaveLength(1);
    expect(sync.find(({ type }) => type === 'sync.IntegrationRegistered')?.data).toMatchObject({ kind: 'http' });
    expect(JSON.stringify(sync.map(({ data }) => data))).not.toContain(TOKEN);
  }, 60_000);

  it('asks anew the next time, and changes only what is new', async () => {
    answer = (url) => ({ body: { people: employees(pageOf(url)) } });
    const given = args('employees', '/people', mappingFile('people', EMPLOYEES));
    const first = await bringIn(given);
    answer = (url) => ({
      body: { people: employees(pageOf(url)).map((one) => (one.no === '3' ? { ...one, name: 'Third' } : one)) },
    });
    const second = await bringIn(given);
    expect(second.result).toMatchObject({ outcome: 'completed', read: 300, changed: 1, unchanged: 293, rejected: 6 });
    expect(second.result['runId']).not.toBe(first.result['runId']);
  }, 60_000);

  it('fails on a page that is no good, says so in its run, and the next run goes on there', async () => {
    const broken = new Set([3]);
    answer = (url) => broken.has(pageOf(url)) ? { body: { error: 'index is being rebuilt' } } : { body: { people: employees(pageOf(url)) } }; // prettier-ignore
    const given = args('employees', '/people', mappingFile('people', EMPLOYEES));
    const first = await bringIn(given);
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(/people\?page=3 can't be read: it answers 200, but with an error: index is being rebuilt/); // prettier-ignore
    const [failed] = await eventsOf(['sync.RunFailed']);
    expect(failed?.data).toMatchObject({ reason: expect.stringContaining('index is being rebuilt'), counts: { read: 100 } }); // prettier-ignore

    broken.clear();
    asked.length = 0;
    const second = await bringIn(given);
    expect(asked[0]).toBe('/people?page=3');
    expect(second.result).toMatchObject({ outcome: 'completed', read: 200, changed: 196, rejected: 4 });
    expect(await eventsOf(['attendance.EmployeeAdded'])).toHaveLength(294);
  }, 60_000);

  it('reads from the first page again when its records hang together over pages', async () => {
    let isStuck = true;
    answer = (url) => (isStuck && pageOf(url) === 3 ? 'silence' : { body: { people: saleLines(pageOf(url)) } });
    const fields = { reference: 'order', date: 'date', sku: 'sku', quantity: 'quantity', unitPrice: 'price' };
    const given = args('sales', '/lines', mappingFile('lines', { ...EMPLOYEES, kind: 'sales', fields }));
    const attempt = new TeampulseProcess(given, environment());
    await vi.waitUntil(() => asked.includes('/lines?page=3'), { timeout: 30_000 });
    await vi.waitUntil(async () => types(await eventsOf(['sync.RunProgressed'])).length === 2, { timeout: 10_000 });
    await attempt.stop('SIGKILL');

    isStuck = false;
    expect((await bringIn(given)).result).toMatchObject({ outcome: 'completed', read: 30, changed: 30 });
    const sales = await eventsOf(['sales.']);
    expect(types(sales)).toEqual(Array.from({ length: 10 }, () => 'sales.SaleRecorded'));
    expect(sales.every(({ data }) => (data as { lines: unknown[] }).lines.length === 3)).toBe(true);
  }, 60_000);
});

describe('an import from Jira', () => {
  const TOTAL = 7;
  const issues = (from: number, size: number): object[] =>
    Array.from({ length: Math.max(0, Math.min(size, TOTAL - from)) }, (_, index) => jiraIssue(from + index + 1));

  it.each([
    [
      'counted pages of a server',
      '/rest/api/2/search?jql=project%3DWEB&expand=changelog',
      (url: URL) => {
        const startAt = Number(url.searchParams.get('startAt') ?? 0);
        // A server may give fewer than were asked for.
        return { body: { startAt, maxResults: 3, total: TOTAL, issues: issues(startAt, 3) } };
      },
      ['', '3', '6'],
    ],
    [
      'pages with a token, of the cloud',
      '/rest/api/3/search/jql?jql=project%3DWEB&expand=changelog&fields=*all',
      (url: URL) => {
        const startAt = Number(/^at-(\d+)$/.exec(url.searchParams.get('nextPageToken') ?? '')?.[1] ?? 0);
        const isLast = startAt + 3 >= TOTAL;
        return { body: { isLast, issues: issues(startAt, 3), ...(!isLast && { nextPageToken: `at-${startAt + 3}` }) } };
      },
      ['', 'at-3', 'at-6'],
    ],
  ])(
    'takes %s, with the history of each issue',
    async (_, address, given, places) => {
      answer = given;
      const { code, stderr, result } = await bringIn(args('tasks', address, 'jira'));
      expect(code, stderr).toBe(0);
      expect(result).toMatchObject({ outcome: 'completed', read: TOTAL, changed: TOTAL });
      const queries = asked.map((one) => new URL(one, origin).searchParams);
      expect(queries.map((query) => query.get('startAt') ?? query.get('nextPageToken') ?? '')).toEqual(places);
      expect(queries.every((query) => query.get('maxResults') === '100' && query.get('expand') === 'changelog')).toBe(true); // prettier-ignore
      const work = await eventsOf(['work.Task']);
      expect(work).toHaveLength(2 * TOTAL);
      expect(work.filter(({ metadata }) => metadata.occurredAt === '2024-03-02T08:00:00.000Z')).toHaveLength(TOTAL);
      const [registered] = await eventsOf(['sync.IntegrationRegistered']);
      expect(registered?.data).toMatchObject({ kind: 'jira', config: { url: `${origin}${address}` } });
    },
    60_000,
  );
});
