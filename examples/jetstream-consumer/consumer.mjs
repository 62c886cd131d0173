/**
 * Counts a workspace's events by day and type in a Postgres table of its own, each event exactly once, whatever is killed.
 *
 *     NATS_URL=nats://127.0.0.1:4222 DATABASE_URL=postgres://… WORKSPACE=0190… node consumer.mjs
 *
 * JetStream delivers at least once, and after a crash not always in order: what was not acknowledged comes again, behind what
 * came later. So this consumer believes only the events themselves. They are numbered in each stream (`subject`) by
 * `revision`, from 0 and without gaps; it keeps the last one of each stream, in the same transaction as its counts:
 *
 *   the next one → count it · one seen before → a repetition, drop it · one too far → a gap: ask for it again in a moment
 *
 * It may run several times at once, under the same DURABLE: they share the work.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AckPolicy, connect, DeliverPolicy, nanos } from 'nats';
import { Pool } from 'pg';

const {
  NATS_URL = 'nats://127.0.0.1:4222',
  NATS_USER,
  NATS_PASSWORD,
  DATABASE_URL,
  WORKSPACE,
  STREAM = 'TEAMPULSE',
  SUBJECT = `teampulse.${WORKSPACE}.>`,
  DURABLE = 'activity',
  ACK_WAIT_MS = '30000',
} = process.env;
if (!DATABASE_URL || !WORKSPACE) {
  console.error('Set DATABASE_URL, and WORKSPACE to the id of the workspace.');
  process.exit(2);
}

/** Messages in one transaction. */
const BATCH = 100;
/** Delivered and not acknowledged yet: a few batches, so that the next one is there when one is done. */
const MAX_ACK_PENDING = 4 * BATCH;
/** What is missing is on its way to another of our processes, or comes again when ACK_WAIT_MS is over. */
const GAP_RETRY_MS = 500;

const database = new Pool({ connectionString: DATABASE_URL, max: 1 });
await database.query(`
  CREATE TABLE IF NOT EXISTS thing (stream text PRIMARY KEY, revision int NOT NULL);
  CREATE TABLE IF NOT EXISTS activity (day date, type text, events bigint NOT NULL, PRIMARY KEY (day, type));`);

const nats = await connect({
  servers: NATS_URL,
  ...(NATS_USER && { user: NATS_USER, pass: NATS_PASSWORD }),
  name: DURABLE,
  // Of its own, so that the login needs no right to read everybody's answers.
  inboxPrefix: `_INBOX_${DURABLE}`,
  maxReconnectAttempts: -1,
  waitOnFirstConnect: true,
});
const messages = await (await openConsumer()).consume({ max_messages: BATCH });
process.once('SIGTERM', () => messages.stop());

let batch = [];
for await (const message of messages) {
  batch.push(message);
  // The last one there is does not wait for company.
  if (batch.length < BATCH && message.info.pending > 0) continue;
  await settle(batch);
  batch = [];
}
await nats.drain();
await database.end();

/** The durable consumer: the server keeps how far it came, also while nobody is connected. */
async function openConsumer() {
  for (;;) {
    try {
      const manager = await nats.jetstreamManager({ checkAPI: false });
      await manager.consumers.add(STREAM, {
        durable_name: DURABLE,
        filter_subject: SUBJECT,
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(Number(ACK_WAIT_MS)),
        max_ack_pending: MAX_ACK_PENDING,
      });
      return await nats.jetstream().consumers.get(STREAM, DURABLE);
    } catch (error) {
      console.error(`no stream ${STREAM} yet, trying again: ${error.message}`);
      await delay(1_000);
    }
  }
}

/** Acknowledges only what is committed. What is not, after an error or a crash, comes again. */
async function settle(received) {
  let gaps;
  try {
    gaps = await apply(received.map((message) => message.json()));
  } catch (error) {
    console.error(`not stored, will come again: ${error.message}`);
    for (const message of received) message.nak(GAP_RETRY_MS);
    return;
  }
  received.forEach((message, index) => (gaps.has(index) ? message.nak(GAP_RETRY_MS) : message.ack()));
}

/** One transaction. Returns the places of the events whose predecessor is missing. */
async function apply(events) {
  const gaps = new Set();
  const client = await database.connect();
  try {
    await client.query('BEGIN');
    for (const [index, event] of events.entries()) {
      if (await isNext(client, event)) await count(client, event);
      else if (!(await isRepetition(client, event))) gaps.add(index);
    }
    await client.query('COMMIT');
    return gaps;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

/** Moves the stream's checkpoint by one, or not at all: of two processes with the same event, one does. */
async function isNext(client, { subject, revision }) {
  const { rowCount } = await client.query(
    revision === 0
      ? 'INSERT INTO thing VALUES ($1, $2) ON CONFLICT DO NOTHING'
      : 'UPDATE thing SET revision = $2 WHERE stream = $1 AND revision = $2 - 1',
    [subject, revision],
  );
  return rowCount === 1;
}

async function isRepetition(client, { subject, revision }) {
  const { rows } = await client.query('SELECT revision FROM thing WHERE stream = $1', [subject]);
  return rows.length > 0 && rows[0].revision >= revision;
}

/** What you want to do with an event goes here. */
async function count(client, { type, time }) {
  await client.query(
    `INSERT INTO activity VALUES ($1, $2, 1) ON CONFLICT (day, type) DO UPDATE SET events = activity.events + 1`,
    [time.slice(0, 10), type],
  );
}
