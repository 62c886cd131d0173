/**
 * How fast the projection engine is, apart from the event store: a log in memory, Postgres in processes of its own, with fsync.
 * Prints the rate of a build of the sales read models, and how long a live event takes from arrival to commit.
 * Run by `npm run bench:projections [-- events]`.
 */
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import { saleRecorded } from '../../src/domain/sales/sale.events.js';
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import type { EventLog, LogItem, SubscribeOptions } from '../../src/projections/ports/event-log.port.js';
import { eventIndexProjection } from '../../src/projections/audit/event-index.projection.js';
import { salesProjection } from '../../src/projections/sales/sales.projection.js';
import { scratchFolder } from '../support/scratch-folder.js';

const events = Number(process.argv[2] ?? 200_000);
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const id = (n: number, kind: number): string => `00000000-0000-4${String(kind).padStart(3, '0')}-8000-${String(n).padStart(12, '0')}`; // prettier-ignore
const position = (n: number): LogPosition => ({ commit: BigInt(n), prepare: BigInt(n) });

/** A sale of two lines over two years, 40 countries, 4,000 customers and 3,000 products. */
function sale(n: number): RecordedEvent {
  const day = new Date(Date.UTC(2024, 0, 1 + (n % 730))).toISOString().slice(0, 10);
  const line = (lineNo: number): object => ({ lineNo, sku: `sku-${(n * 7 + lineNo) % 3_000}`, product: `Product ${(n * 7 + lineNo) % 3_000}`, category: ['A'], quantity: '2', unitPrice: '2.50', amount: 500, profit: null }); // prettier-ignore
  return {
    id: id(n, 1),
    streamName: `sale-${id(n, 2)}`,
    revision: 0,
    position: position(n),
    type: saleRecorded.type,
    data: { kind: 'sale', reference: String(n), day, currency: 'GBP', scale: 2, customerId: `c${n % 4_000}`, customerName: null, country: `Country ${n % 40}`, region: null, channel: 'web', shippedOn: null, soldAt: null, lines: [line(1), line(2)] }, // prettier-ignore
    recordedAt: '2026-03-01T10:00:00.000Z',
    metadata: { workspaceId: id(1, 3), actor: { kind: 'user', id: 'ann' }, commandId: id(n, 4), $correlationId: id(n, 4), $causationId: id(n, 4), schemaVersion: 1, occurredAt: `${day}T10:00:00.000Z` }, // prettier-ignore
  };
}

class MemoryLog implements EventLog {
  last: number;
  #wake: (() => void) | undefined;
  constructor(history: number) {
    this.last = history;
  }
  async head(): Promise<LogPosition> {
    return position(this.last);
  }
  async readAgain(): Promise<readonly []> {
    return [];
  }
  append(count: number): number {
    this.last += count;
    this.#wake?.();
    return this.last;
  }
  async *subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    for (let n = after ? Number(after.commit) + 1 : 1; !signal.aborted;) {
      const items: LogItem[] = [];
      while (items.length < 1_024 && n <= this.last) items.push({ kind: 'event', event: sale(n++), bytes: 600 });
      if (n > this.last) items.push({ kind: 'caughtUp' });
      yield items;
      if (n <= this.last || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}

const folder = scratchFolder('bench');
const postgres = await startEmbeddedPostgres({ dataFolder: folder });
try {
  await ensureDatabases(postgres.url(), ['bench']);
  // The build finds the migrations beside it; what is compiled for the bench stands elsewhere.
  execFileSync(process.execPath, [main, 'migrate'], { env: { ...process.env, DATABASE_URL: postgres.url('bench') } });
  await measure('sales', [salesProjection]);
  await measure('event index', [eventIndexProjection]);
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(
  label: string,
  projections: (typeof salesProjection | typeof eventIndexProjection)[],
): Promise<void> {
  const log = new MemoryLog(events);
  const database = new PostgresWriteDatabase(postgres.url('bench'));
  const names = projections.map(({ name }) => name);
  const worker = new ProjectionWorker({ log, database, projections, notice: (notice) => notice.kind === 'stopped' && console.log(notice) }); // prettier-ignore
  const started = performance.now();
  const cpu = process.cpuUsage();
  await worker.start();
  if (!(await worker.positions.waitFor(names, position(events), 600_000))) throw new Error('not built in ten minutes');
  const seconds = (performance.now() - started) / 1_000;
  const used = process.cpuUsage(cpu);
  const rate = Math.round(events / seconds);
  console.log(`${label}: built ${events} events in ${seconds.toFixed(1)} s, ${rate}/s; ${((used.user + used.system) / events).toFixed(1)} µs of our CPU per event; ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`); // prettier-ignore
  // The indexes are being made now; live begins after them.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  for (const perSecond of [500, 3_000]) await live(`${label} live`, log, worker, names, perSecond);
  await worker.stop();
  await database.close();
}

/** Five seconds at an even rate. */
async function live(
  label: string,
  log: MemoryLog,
  worker: ProjectionWorker,
  names: string[],
  perSecond: number,
): Promise<void> {
  const latencies: number[] = [];
  const waits: Promise<unknown>[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  let sent = 0;
  while (performance.now() - started < 5_000) {
    const due = Math.floor(((performance.now() - started) / 1_000) * perSecond);
    if (due > sent) {
      const at = performance.now();
      const to = log.append(due - sent);
      sent = due;
      waits.push(
        worker.positions.waitFor(names, position(to), 10_000).then(() => latencies.push(performance.now() - at)),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(waits);
  const used = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  console.log(`${label} at ${perSecond}/s: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms; ${((used.user + used.system) / 50_000).toFixed(0)} % of a core for us`); // prettier-ignore
}
