/**
 * What exports for auditors and their verification cost, apart from the event store: a log in memory, files on disk, one thread.
 * Processor time per event, beside what the hashes alone take on the same bytes: SHA-256 of every line, of every pair of
 * hashes, and of the file. Run by `npm run bench:audit [-- events]`.
 */
import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointFolder } from '../../src/adapters/audit/checkpoint-folder.js';
import { payloadOf, type EntrySource, type LogEntry } from '../../src/adapters/audit/entry.js';
import { exportWorkspace } from '../../src/adapters/audit/export-workspace.js';
import { extendChain } from '../../src/adapters/audit/extend-chain.js';
import { FORMAT_NAMES, formats } from '../../src/adapters/audit/formats.js';
import { proveEvent } from '../../src/adapters/audit/inclusion.js';
import { verifyExport } from '../../src/adapters/audit/verify-export.js';
import { loadSigningKey } from '../../src/adapters/tokens/signing-key.js';
import { scratchFolder } from '../support/scratch-folder.js';

const events = Number(process.argv[2] ?? 200_000);
const PAGE = 500;
const id = (n: number, kind: number): string => `00000000-0000-4${String(kind).padStart(3, '0')}-8000-${String(n).padStart(12, '0')}`; // prettier-ignore
const workspaceId = id(1, 3);

/** A sale of two lines as the log holds it, about 900 bytes. */
function sale(n: number): LogEntry {
  const line = (lineNo: number): object => ({ lineNo, sku: `sku-${(n * 7 + lineNo) % 3_000}`, product: `Product ${(n * 7 + lineNo) % 3_000}`, category: ['A'], quantity: '2', unitPrice: '2.50', amount: 500, profit: null }); // prettier-ignore
  const data = { kind: 'sale', reference: String(n), day: '2026-03-01', currency: 'GBP', scale: 2, customerId: `c${n % 4_000}`, customerName: null, country: `Country ${n % 40}`, region: null, channel: 'web', shippedOn: null, soldAt: null, lines: [line(1), line(2)] }; // prettier-ignore
  const metadata = { workspaceId, actor: { kind: 'user', id: 'ann' }, commandId: id(n, 4), $correlationId: id(n, 4), $causationId: id(n, 4), schemaVersion: 1, occurredAt: '2026-03-01T10:00:00.000Z' }; // prettier-ignore
  return {
    position: `${n}/${n}`,
    recordedAt: '2026-03-01T10:00:00.0000000Z',
    stream: `sale-${id(n, 2)}`,
    revision: 0,
    id: id(n, 1),
    type: 'sales.SaleRecorded',
    contentType: 'application/json',
    metadata: payloadOf(Buffer.from(JSON.stringify(metadata))),
    data: payloadOf(Buffer.from(JSON.stringify(data))),
  };
}

// Made before the clock runs.
const log: readonly LogEntry[] = Array.from({ length: events }, (_, n) => sale(n + 1));
const source: EntrySource = async function* (after, until) {
  const end = Math.min(events, Number(until?.commit ?? events));
  for (let at = Number(after?.commit ?? 0n); at < end; at += PAGE) {
    const last = BigInt(Math.min(at + PAGE, end));
    yield { entries: log.slice(at, Number(last)), readTo: { commit: last, prepare: last } };
  }
};

async function timed(what: string, work: () => Promise<unknown>, count = events): Promise<void> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1_000;
  const each = (user + system) / count;
  console.log(`${what.padEnd(44)} ${each.toFixed(1).padStart(6)} µs of processor per event, ${Math.round(count / seconds).toLocaleString('en')}/s`); // prettier-ignore
}

const folder = scratchFolder('audit-bench');
try {
  const key = await loadSigningKey(folder, undefined, 'audit');
  const checkpoints = new CheckpointFolder(path.join(folder, 'checkpoints'), workspaceId);
  const parts = { folder: checkpoints, key, source };
  await timed('checkpoint', () => extendChain(parts));
  for (const format of FORMAT_NAMES) {
    const out = path.join(folder, format);
    const request = { ...parts, out, format, filter: {}, gzip: false, checkpoint: 1 };
    await timed(`export, ${format}`, () => exportWorkspace(request));
    await timed(`verify, ${format}`, async () => {
      const { verified } = await verifyExport({ folder: out, key: key.publicKey });
      if (!verified) throw new Error('not verified');
    });
  }
  await timed('prove one event', () => proveEvent(path.join(folder, 'jsonl'), id(Math.ceil(events / 2), 1)));
  const file = path.join(folder, 'jsonl', formats.jsonl.file);
  const bytes = readFileSync(file);
  await timed('the hashes alone', async () => {
    const each = Math.floor(bytes.length / events);
    const pair = Buffer.alloc(65);
    for (let n = 0; n < events; n++) {
      hash('sha256', bytes.subarray(n * each, (n + 1) * each), 'buffer');
      hash('sha256', pair, 'buffer');
    }
    hash('sha256', bytes, 'buffer');
  });
  console.log(`${events.toLocaleString('en')} events of ${Math.round(statSync(file).size / events)} bytes; most memory ${Math.round(process.resourceUsage().maxRSS / 1_024)} MiB, the log in memory included`); // prettier-ignore
} finally {
  await rm(folder, { recursive: true });
}
