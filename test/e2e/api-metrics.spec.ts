/** What the API tells Prometheus of itself: how long it takes, what comes of commands, who subscribes; and nothing of anybody. */
import { rm } from 'node:fs/promises';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadSigningKey } from '../../src/adapters/tokens/signing-key.js';
import { TokenService } from '../../src/adapters/tokens/token-service.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { teampulse, TeampulseProcess } from '../support/teampulse-process.js';

const SUBJECT = 'conspicuous-subject';

let servers: TestApi;
let folder: string;
let api: TeampulseProcess;
let address: string;
let monitor: string;
let workspaceId: string;
let token: string;
let subscriber: Client | undefined;

beforeAll(async () => {
  folder = scratchFolder('api-metrics');
  servers = await startTestApi();
  workspaceId = await servers.createWorkspace();
  await caughtUp(servers);
  const tokens = new TokenService(await loadSigningKey(folder));
  token = await tokens.create({ workspaceId, role: 'owner', subject: SUBJECT }, 3_600);
  const environment = { EVENTSTORE_URL: servers.eventstoreUrl, DATABASE_API_URL: servers.database.apiUrl, TEAMPULSE_DATA: folder, LOG_LEVEL: 'silent' }; // prettier-ignore
  api = new TeampulseProcess(['api', '--port', '0'], environment);
  [, monitor = ''] = await api.says(/^figures for Prometheus: (http:\S+)\/metrics$/m);
  [address = ''] = await api.says(/^http:\S+/);
});
afterAll(async () => {
  await subscriber?.dispose();
  await api.stop();
  await servers.close();
  await rm(folder, { recursive: true });
});

async function send(query: string, variables: object = {}): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query, variables });
  return (await fetch(`${address}/graphql`, { method: 'POST', headers, body })).status;
}

const page = async (): Promise<string> => (await fetch(`${monitor}/metrics`)).text();
/** Of the series of this name and these labels, in any order. */
function valueOf(text: string, name: string, ...labels: string[]): number | undefined {
  const lines = text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
  const line = lines.find((candidate) => labels.every((label) => candidate.includes(label)));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}
const seriesOf = (text: string): number => text.split('\n').filter((line) => line.startsWith('teampulse_api_')).length;

/** Subscriptions and WebSockets. */
const open = async (): Promise<unknown[]> => {
  const text = await page();
  return ['subscriptions', 'websocket_connections'].map((name) => valueOf(text, `teampulse_api_${name}`));
};

const CREATE = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }';

describe('the API', () => {
  it('is watched on a port of its own, and tells its public one nothing of it', async () => {
    expect((await fetch(`${monitor}/health/live`)).status).toBe(200);
    expect((await fetch(`${monitor}/health/ready`)).status).toBe(200);
    expect(new URL(monitor).port).not.toBe(new URL(address).port);
    expect((await fetch(`${address}/metrics`)).status).toBe(404);
  });

  it('counts and times operations by kind, commands by what came of them, and answers by status', async () => {
    const before = await page();
    expect(await send('{ projects(first: 1) { nodes { name } } }')).toBe(200);
    expect(await send('{ project(id: "nothing") { name } }')).toBe(400);
    expect(await send(CREATE, { input: { key: 'ONE', name: 'Conspicuous name' } })).toBe(200);
    expect(await send(CREATE, { input: { key: '1!', name: 'Conspicuous name' } })).toBe(200);
    const after = await page();
    const more = (name: string, ...labels: string[]): number =>
      (valueOf(after, name, ...labels) ?? 0) - (valueOf(before, name, ...labels) ?? 0);
    expect(more('teampulse_api_operation_seconds_count', 'operation="query"', 'outcome="ok"')).toBe(1);
    expect(more('teampulse_api_operation_seconds_count', 'operation="mutation"', 'outcome="ok"')).toBe(2);
    expect(more('teampulse_api_request_seconds_count', 'status="2xx"')).toBe(3);
    expect(more('teampulse_api_request_seconds_count', 'status="4xx"')).toBe(1);
    expect(more('teampulse_api_commands_total', 'command="CreateProject"', 'outcome="ACCEPTED"')).toBe(1);
    expect(more('teampulse_api_commands_total', 'command="CreateProject"', 'outcome="INVALID"')).toBe(1);
    expect(valueOf(after, 'teampulse_api_postgres_connections', 'pool="read"', 'state="idle"')).toBeGreaterThan(0);
    expect(valueOf(after, 'teampulse_api_postgres_waiting', 'pool="read"')).toBe(0);
    expect(valueOf(after, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(valueOf(after, 'teampulse_api_ready')).toBe(1);
  });

  it('knows how many subscriptions are open, and when they are not any more', async () => {
    expect(await open()).toEqual([0, 0]);
    const connectionParams = { authorization: `Bearer ${token}` };
    subscriber = createClient({ url: `${address.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 }); // prettier-ignore
    const query = 'subscription { projectChanged { cursor } }';
    const [one, other] = [subscriber.iterate({ query }), subscriber.iterate({ query })];
    const waiting = [one.next(), other.next()];
    await vi.waitFor(async () => expect(await open()).toEqual([2, 1]), 10_000);
    await send(CREATE, { input: { key: 'TWO', name: 'Conspicuous name' } });
    await Promise.all(waiting);
    await one.return?.();
    await vi.waitFor(async () => expect(await open()).toEqual([1, 1]), 10_000);
    // Without a word, as a browser that is closed does.
    subscriber.terminate();
    await vi.waitFor(async () => expect(await open()).toEqual([0, 0]), 10_000);
  });

  it('has no more series for more texts, names and values, and shows nobody’s', async () => {
    const before = seriesOf(await page());
    for (let i = 0; i < 30; i++) {
      await send(`query Conspicuous${i} { a${i}: projects(first: ${i + 1}) { nodes { name } } }`);
      await send(`mutation Conspicuous${i} { createProject(input: { key: "K${i}", name: "Conspicuous name ${i}" }) { project { id } } }`); // prettier-ignore
    }
    const after = await page();
    expect(seriesOf(after)).toBe(before);
    expect(after).not.toMatch(new RegExp(`conspicuous|${workspaceId}|${SUBJECT}`, 'i'));
  });

  it('says which port is taken when it can not be watched there', async () => {
    const { port } = new URL(monitor);
    const environment = { EVENTSTORE_URL: servers.eventstoreUrl, DATABASE_API_URL: servers.database.apiUrl, TEAMPULSE_DATA: folder, API_MONITOR_PORT: port }; // prettier-ignore
    const { code, stderr } = await teampulse(['api', '--port', '0'], environment);
    expect(stderr).toMatch(new RegExp(`can't listen on port ${port} of 127\\.0\\.0\\.1`));
    expect(code).toBe(1);
  });
});
