/**
 * Subscribers to task changes, each on a WebSocket of its own, all in a process of their own. Opens as many as it is told and
 * says `ready`; told to reset once so many came, forgets what came so far; told to stop likewise, says how many messages came and how long after their sending (see the titles in load.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { percentiles, type Percentiles } from './percentiles.js';

export type SubscribersJob =
  | { readonly open: number; readonly origin: string; readonly token: string }
  | { readonly reset: true; readonly after: number }
  | { readonly stop: true; readonly after: number };
export interface SubscribersResult extends Percentiles {
  readonly messages: number;
  /** The first thing that was neither a change nor the protocol's own. */
  readonly failure: string | undefined;
}

const QUERY = 'subscription { taskChanged { cursor eventType taskId task { id title version } } }';
const SENT = /"title":"sent (\d+)"/;
/** Handshakes at once: the server's backlog is not what is measured. */
const AT_ONCE = 50;

/** Messages that have not come after this will not come. */
const LONGEST_MS = 30_000;

let sockets: WebSocket[] = [];
let latencies: number[] = [];
let failure: string | undefined;

async function subscribe(origin: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false }); // prettier-ignore
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))); // prettier-ignore
    socket.on('close', (code, reason) => (failure ??= `closed with ${code} ${reason.toString()}`));
    socket.on('message', (data: Buffer) => {
      const now = process.hrtime.bigint() / 1000n;
      const text = data.toString();
      const sent = SENT.exec(text)?.[1];
      if (sent !== undefined) return void latencies.push(Number(now - BigInt(sent)) / 1000);
      const { type } = JSON.parse(text) as { readonly type: string };
      if (type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
        // Whoever has the pong is subscribed or about to be; the warm-up is time enough.
        socket.send(JSON.stringify({ type: 'ping' }));
      } else if (type === 'pong') resolve(socket);
      else if (type === 'ping') socket.send(JSON.stringify({ type: 'pong' }));
      else failure ??= text.slice(0, 300);
    });
  });
}

async function open(count: number, origin: string, token: string): Promise<void> {
  while (sockets.length < count) {
    const some = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, async () => subscribe(origin, token)))));
  }
}

async function arrived(count: number): Promise<void> {
  for (const end = performance.now() + LONGEST_MS; latencies.length < count && performance.now() < end;)
    await delay(50);
}

function stop(): SubscribersResult {
  const answer = { messages: latencies.length, failure, ...percentiles(latencies) };
  for (const socket of sockets) socket.removeAllListeners('close').terminate();
  sockets = [];
  latencies = [];
  failure = undefined;
  return answer;
}

const answer = (message: SubscribersResult | { readonly ready: true }): void => void process.send?.(message);
async function work(job: SubscribersJob): Promise<void> {
  if ('open' in job) await open(job.open, job.origin, job.token);
  else await arrived(job.after);
  if ('stop' in job) return answer(stop());
  latencies = [];
  answer({ ready: true });
}

process.on('message', (job: SubscribersJob) => void work(job));
process.on('disconnect', () => process.exit());
