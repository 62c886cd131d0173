/**
 * Emmett's own projector over Emmett's own log, with a read model of sales that is lighter than ours. Its handler is given one event
 * at a time, so that all of an event's rows are written by one prepared statement. Told over IPC what to do, answers each
 * message; started by test/bench/projections/emmett.ts: `projector.js <postgres url> <module that makes the events>`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { getPostgreSQLEventStore, postgreSQLEventStoreConsumer, postgreSQLProjection } from '@event-driven-io/emmett-postgresql'; // prettier-ignore
import { Pool } from 'pg';

const [, , url, eventsModule] = process.argv;
const { eventOf, liveSale } = await import(eventsModule);
const pool = new Pool({ connectionString: url, max: 64 });
const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
const BATCH = 100;
const IN_FLIGHT = 16;
/** Whoever is given nothing for so long has got all there is; Emmett asks at least once a second. */
const QUIET_MS = 5_000;

const message = ({ type, data, metadata, stream }) => ({ type, data: { ...data, saleId: stream.slice('sale-'.length) }, metadata }); // prettier-ignore

const jobs = {
  /** In batches, each a stream of its own: whose events they are makes no difference to a projector. */
  async fill({ events }) {
    await store.schema.migrate();
    let next = 0;
    const writer = async () => {
      while (next < events) {
        const from = next;
        next = Math.min(events, from + BATCH);
        const batch = Array.from({ length: next - from }, (_, n) => message(eventOf(from + n, 1)));
        await store.appendToStream(`batch-${from}`, batch);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
    return {};
  },

  /** What people who look at its slowest query add by hand: its own tables have no index for what the projector asks. */
  async index() {
    await pool.query('CREATE INDEX ON emt_messages (transaction_id, global_position)');
    await pool.query('CREATE INDEX ON emt_messages (global_position)');
    await pool.query('ANALYZE emt_messages');
    return {};
  },

  /** A new projection over the log, until it has applied `events` or the time is over. */
  async build({ name, pulling, events, seconds }) {
    const projector = await start(name, pulling);
    const started = performance.now();
    while (projector.applied() < events && performance.now() - started < seconds * 1000) await delay(5);
    // The batch under way is finished, and counts.
    await projector.stop();
    return { events: projector.applied(), seconds: (performance.now() - started) / 1000 };
  },

  /** How many of the events that are written meanwhile, one at a time by each writer, into an empty log, the projector never gets. */
  async skip({ name, pulling, writers, seconds }) {
    await store.schema.migrate();
    const projector = await start(name, pulling);
    const started = performance.now();
    let written = 0;
    const writer = async () => {
      while (performance.now() - started < seconds * 1000) {
        const sale = liveSale(written++, 0, 1);
        await store.appendToStream(sale.stream, [message(sale)]);
      }
    };
    await Promise.all(Array.from({ length: writers }, writer));
    const took = (performance.now() - started) / 1000;
    for (let news = performance.now(), before = -1; performance.now() - news < QUIET_MS; await delay(50)) {
      if (projector.applied() !== before) news = performance.now();
      before = projector.applied();
    }
    await projector.stop();
    const { rows } = await pool.query(`SELECT count(*)::int AS sales FROM ${name}_sales`);
    return { written, seconds: took, missing: written - rows[0].sales };
  },
};

async function start(name, pulling) {
  await makeTables(name);
  let applied = 0;
  const text = statement(name);
  const projection = postgreSQLProjection({
    name,
    canHandle: ['sales.SaleRecorded', 'sales.SaleAmended', 'sales.SaleRefunded'],
    handle: async (events, { connection }) => {
      for (const { type, data } of events) {
        // Corrections and refunds are taken, and cost it nothing.
        if (type === 'sales.SaleRecorded')
          await connection.client.query({ name, text, values: [JSON.stringify(data)] });
      }
      applied += events.length;
    },
  });
  const consumer = postgreSQLEventStoreConsumer({ connectionString: url, ...(pulling && { pulling }) });
  consumer.projector({ processorId: name, projection, startFrom: 'BEGINNING' });
  let failure;
  const running = consumer.start().catch((error) => (failure = error));
  return {
    applied() {
      if (failure) throw failure;
      return applied;
    },
    async stop() {
      await consumer.close();
      await running;
    },
  };
}

async function makeTables(name) {
  const sums = 'sales bigint NOT NULL, units numeric NOT NULL, amount numeric NOT NULL';
  await pool.query(`
    CREATE TABLE ${name}_sales (sale_id uuid PRIMARY KEY, reference text, day date, sold_at timestamptz, customer_id text, country text, channel text, amount bigint, lines jsonb);
    CREATE TABLE ${name}_days (day date, country text, channel text, ${sums}, PRIMARY KEY (day, country, channel));
    CREATE TABLE ${name}_customers (day date, customer_id text, ${sums}, PRIMARY KEY (day, customer_id));
    CREATE TABLE ${name}_products (day date, sku text, ${sums}, PRIMARY KEY (day, sku));
    CREATE TABLE ${name}_categories (day date, category text, ${sums}, PRIMARY KEY (day, category))`);
}

/** The sale's row, and what it adds to its day, customer, products and categories. */
function statement(name) {
  const add = (table, key, group) => `INSERT INTO ${name}_${table} AS t (${key}, sales, units, amount)
      SELECT ${group}, count(DISTINCT sale_id), sum(quantity), sum(amount) FROM line GROUP BY ${group}
      ON CONFLICT (${key}) DO UPDATE SET sales = t.sales + excluded.sales, units = t.units + excluded.units, amount = t.amount + excluded.amount`;
  return `WITH sale AS (
      SELECT s."saleId" AS sale_id, s.* FROM jsonb_to_record($1::jsonb) AS s ("saleId" uuid, reference text, day date, "soldAt" timestamptz, "customerId" text, country text, channel text, lines jsonb)
    ), line AS (
      SELECT sale_id, day, "customerId", country, channel, l.sku, l.category->>0 AS category, l.quantity, l.amount
        FROM sale, jsonb_to_recordset(lines) AS l (sku text, category jsonb, quantity numeric, amount bigint)
    ), days AS (${add('days', 'day, country, channel', 'day, country, channel')}
    ), customers AS (${add('customers', 'day, customer_id', 'day, "customerId"')}
    ), products AS (${add('products', 'day, sku', 'day, sku')}
    ), categories AS (${add('categories', 'day, category', 'day, category')}
    )
    INSERT INTO ${name}_sales SELECT sale_id, reference, day, "soldAt", "customerId", country, channel, (SELECT sum(amount) FROM line), lines FROM sale
      ON CONFLICT (sale_id) DO NOTHING`;
}

process.on('message', ({ job, ...rest }) => {
  jobs[job](rest).then(
    (answer) => process.send(answer),
    (error) => process.send({ failed: error.stack ?? String(error) }),
  );
});
process.on('disconnect', () => process.exit());
