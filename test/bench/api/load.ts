/**
 * The load generator, in a process of its own: 64 connections kept alive, one request at a time on each. Told what to send over
 * IPC, answers with a `LoadResult`. It remembers the tasks it made, which are those that it changes.
 */
import { Client, type Dispatcher } from 'undici';
import { percentiles, type Percentiles } from './percentiles.js';

export interface LoadJob {
  readonly work: 'bare' | 'trivial' | 'create' | 'update' | 'list';
  /** `http://127.0.0.1:4000` */
  readonly origin: string;
  readonly token: string;
  readonly projectIds: readonly string[];
  readonly seconds: number;
  /** Requests a second at an even pace; as many as possible when absent. */
  readonly rate?: number;
}

export interface LoadResult extends Percentiles {
  readonly requests: number;
  readonly perSecond: number;
  /** Of the generator itself, for each request. */
  readonly cpuMicros: number;
  readonly failures: number;
  /** What the first failed request was answered with. */
  readonly firstFailure: string | undefined;
}

const CONNECTIONS = 64;
const CREATE = 'mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } position userErrors { code message } } }'; // prettier-ignore
const UPDATE = 'mutation($input: UpdateTaskInput!) { updateTask(input: $input) { task { id title } position userErrors { code message } } }'; // prettier-ignore
const LIST = `{ tasks(first: 50) { nodes { id title status priority
  project { id key name } assignees { id name } labels { id name color } } pageInfo { hasNextPage endCursor } } }`;
const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
const CREATED = /"task":\{"id":"([^"]+)"/;

const created: string[] = [];
let serial = 0;
let nextToUpdate = 0;

/** The title says when it was sent, on a clock that all processes of the machine share. */
const title = (): string => `sent ${process.hrtime.bigint() / 1000n}`;

function bodyOf({ work, projectIds }: LoadJob): string {
  serial += 1;
  const priority = PRIORITIES[serial % PRIORITIES.length];
  if (work === 'list') return JSON.stringify({ query: LIST });
  if (work === 'trivial') return JSON.stringify({ query: '{ ok }' });
  if (work === 'update') {
    const taskId = created[nextToUpdate++ % created.length];
    return JSON.stringify({ query: UPDATE, variables: { input: { taskId, title: title(), priority, storyPoints: 1 + (serial % 21) } } }); // prettier-ignore
  }
  const projectId = projectIds[serial % projectIds.length];
  return JSON.stringify({ query: CREATE, variables: { input: { projectId, title: title(), priority, description: 'As agreed with the customer last week.' } } }); // prettier-ignore
}

/** By text and not by parsing: the generator takes its processor time from the same two cores. */
function failed({ work }: LoadJob, status: number, body: string): boolean {
  if (status !== 200 || body.startsWith('{"errors"')) return true;
  if (work === 'create' || work === 'update') return !body.includes('"userErrors":[]');
  return work === 'list' && !(body.includes('"labels":[{') && body.includes('"assignees":[{'));
}

/** Undici's dispatch and not its request: no stream for each answer. */
async function exchange(client: Client, options: Dispatcher.DispatchOptions): Promise<[status: number, body: string]> {
  return new Promise((resolve, reject) => {
    let status = 0;
    const chunks: Buffer[] = [];
    client.dispatch(options, {
      onRequestStart: () => undefined,
      onResponseStart: (_, statusCode) => void (status = statusCode),
      onResponseData: (_, chunk) => void chunks.push(chunk),
      onResponseEnd: () => resolve([status, Buffer.concat(chunks).toString()]),
      onResponseError: (_, error) => reject(error),
    });
  });
}

async function run(job: LoadJob): Promise<LoadResult> {
  const clients = Array.from({ length: CONNECTIONS }, () => new Client(job.origin, { pipelining: 1 }));
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${job.token}` };
  const latencies: number[] = [];
  let failures = 0;
  let firstFailure: string | undefined;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const until = started + job.seconds * 1000;
  let sent = 0;

  const one = async (client: Client): Promise<void> => {
    const from = performance.now();
    const [status, body] = await exchange(client, { path: '/graphql', method: 'POST', headers, body: bodyOf(job) }).catch((error: unknown): [number, string] => [0, String(error)]); // prettier-ignore
    latencies.push(performance.now() - from);
    if (failed(job, status, body)) {
      failures += 1;
      firstFailure ??= `${status} ${body.slice(0, 300)}`;
    } else if (job.work === 'create') {
      const id = CREATED.exec(body)?.[1];
      if (id) created.push(id);
    }
  };
  const connection = async (client: Client): Promise<void> => {
    while (performance.now() < until) {
      if (job.rate !== undefined) {
        // Each connection takes the next place in the even row, so that a slow answer does not lower the rate.
        const due = started + (sent++ * 1000) / job.rate;
        if (due >= until) return;
        const early = due - performance.now();
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      }
      await one(client);
    }
  };
  await Promise.all(clients.map(connection));
  const elapsed = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  await Promise.all(clients.map(async (client) => client.close()));
  return {
    requests: latencies.length,
    perSecond: latencies.length / elapsed,
    cpuMicros: (used.user + used.system) / latencies.length,
    failures,
    firstFailure,
    ...percentiles(latencies),
  };
}

process.on('message', (job: LoadJob) => void run(job).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());
