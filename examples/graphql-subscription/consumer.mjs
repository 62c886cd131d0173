/**
 * Writes a workspace's events to a file, one a line, each exactly once and in order, whatever is killed.
 *
 *     TOKEN=… node consumer.mjs events.jsonl [types…]
 *
 * The file is its own checkpoint: the last whole line holds the cursor to go on from. A line that a crash tore is cut off.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const { TEAMPULSE_URL = 'http://127.0.0.1:4000', TOKEN } = process.env;
const [file, ...types] = process.argv.slice(2);
if (!TOKEN || !file) {
  console.error('usage: TOKEN=… node consumer.mjs FILE [TYPE…]   types such as sales.* or work.TaskCreated');
  process.exit(2);
}

const QUERY = `subscription ($types: [String!], $after: Position) {
  events(types: $types, after: $after) {
    cursor
    event { id type thingId revision actorKind actorId occurredAt recordedAt data }
  }
}`;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;
/** `0/0` is before the first event: all that ever happened comes, and then what happens. */
const BEGINNING = '0/0';

const output = openSync(file, existsSync(file) ? 'r+' : 'w');
let { cursor, end } = lastLine();
ftruncateSync(output, end);

const client = createClient({
  url: `${TEAMPULSE_URL.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${TOKEN}` },
  // Its own retries would subscribe again from where this began; ours subscribe from the last cursor.
  retryAttempts: 0,
});
const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
  void client.dispose();
});

let wait = FIRST_RETRY_MS;
while (!stop.signal.aborted) {
  try {
    const variables = { after: cursor, ...(types.length > 0 && { types }) };
    for await (const { data, errors } of client.iterate({ query: QUERY, variables })) {
      if (errors) throw Object.assign(new Error(describe(errors)), { errors });
      write(data.events);
      wait = FIRST_RETRY_MS;
    }
  } catch (error) {
    if (isRefusal(error)) {
      console.error(`refused: ${describe(error)}`);
      process.exit(1);
    }
    if (!stop.signal.aborted) console.error(`connection lost, going on from ${cursor}: ${describe(error)}`);
  }
  if (!stop.signal.aborted) await delay(wait);
  wait = Math.min(wait * 2, LAST_RETRY_MS);
}
closeSync(output);

function write({ cursor: next, event }) {
  const line = `${JSON.stringify({ cursor: next, ...event })}\n`;
  end += writeSync(output, line, end);
  cursor = next;
}

function lastLine() {
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const line = whole.trimEnd().split('\n').at(-1) ?? '';
  return { cursor: line === '' ? BEGINNING : JSON.parse(line).cursor, end: Buffer.byteLength(whole) };
}

/** What the server will not take the next time either: a bad token, a type that does not exist. */
function isRefusal(error) {
  const errors = Array.isArray(error) ? error : (error.errors ?? []);
  if (errors.some(({ extensions }) => extensions?.code === 'BAD_USER_INPUT')) return true;
  return [4400, 4401, 4403].includes(error.code);
}

/** Errors of the query come as a list, the end of a connection as a close event, the rest as errors. */
function describe(error) {
  if (Array.isArray(error)) return error.map(({ message }) => message).join('; ');
  return error.reason || error.message || error.code;
}
