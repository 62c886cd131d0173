/**
 * How fast a file becomes read models, as in production: the store, the projection worker and `teampulse import` are processes
 * of the built command line, Postgres syncs to disk, and the clock stops when the read models show every line. Tells what each
 * of them takes of the processor, which says more than the rate when the machine is busy with other things.
 *
 *   npm run bench:import             the 541,909 lines of the real set, or as many made ones where it is not there
 *   npm run bench:import -- 20000    so many made lines
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { allEvents, allProjections } from '../../src/capabilities.js';
import { cpuLoopMs, machineTime, sharesSince } from './api/machine.js';
import { createTestWorkspace, hasRealData, realDataPath, SETS } from '../support/real-data.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** Lines a second, from the start of the import until the read models show them. */
const TARGET = 20_000;
const TARGET_MIB = 512;
const REAL_LINES = 541_909;
/** Compiled, this file is .bench/test/bench/import.bench.js; the command line is that of the build. */
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const given = process.argv[2];

/** Documents of about twenty lines, like those of the real set. */
async function writeLines(file: string, lines: number): Promise<void> {
  const out = createWriteStream(file);
  out.write('InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n');
  for (let line = 0; line < lines; line += 1) {
    const document = Math.floor(line / 20);
    const at = new Date(Date.UTC(2011, 0, 1) + document * 600_000).toISOString().slice(0, 19).replace('T', ' ');
    const row = `${536_365 + document},S${line % 3_900},Thing ${line % 3_900},${(line % 12) + 1},${at},${(line % 900) / 100},${12_000 + (document % 4_300)}.0,Country ${document % 38}\n`;
    if (!out.write(row)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** A service of the command line; resolves when it can be used. */
async function start(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ readonly child: ChildProcess; readonly address: string }> {
  const child = fork(main, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }); // prettier-ignore
  const address = await new Promise<string>((resolve, reject) => {
    child.once('message', (ready: { readonly address?: string }) => resolve(ready.address ?? ''));
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
  return { child, address };
}

/** `VmHWM` of proc(5): the most memory a process has held, in MiB; 0 once it has ended. */
function peakMib(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** Seconds of processor time that a process has used; 0 once it has ended. */
function cpuSeconds(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Of Postgres's processes, which share most of their memory, the largest; and the processor time of all that still run. */
function postgresUse(cluster: string): { readonly mib: number; readonly seconds: number } {
  const postmaster = readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0];
  const all = readdirSync('/proc').filter((pid) => {
    try {
      return pid === postmaster || (/^\d+$/.test(pid) && readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1] === postmaster); // prettier-ignore
    } catch {
      return false;
    }
  });
  const seconds = all.reduce((sum, pid) => sum + cpuSeconds(Number(pid)), 0);
  return { mib: Math.max(...all.map((pid) => peakMib(Number(pid)))), seconds };
}

/** Runs an import to its end. @returns what it took of the machine; the last tenth of a second may be missing */
async function runImport(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ readonly mib: number; readonly cpu: number; readonly seconds: number }> {
  const started = performance.now();
  const child = fork(main, ['import', ...args], { env: { ...process.env, ...environment }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }); // prettier-ignore
  children.push(child);
  const ended = once(child, 'exit');
  let [mib, cpu] = [0, 0];
  while (child.exitCode === null && child.signalCode === null) {
    mib = Math.max(mib, peakMib(child.pid));
    cpu = Math.max(cpu, cpuSeconds(child.pid));
    await Promise.race([ended, delay(100)]);
  }
  if (child.exitCode !== 0) throw new Error(`the import ended with ${child.exitCode}`);
  return { mib, cpu, seconds: (performance.now() - started) / 1_000 };
}

const folder = scratchFolder('bench');
const postgres = await startEmbeddedPostgres({ dataFolder: folder });
const children: ChildProcess[] = [];
try {
  const real = given === undefined && hasRealData('sales_online_retail_2010_11');
  const lines = given === undefined ? REAL_LINES : Number(given);
  const file = real ? realDataPath(SETS.sales_online_retail_2010_11[0].files[0]) : path.join(folder, 'lines.csv');
  if (!real) await writeLines(file, lines);

  await ensureDatabases(postgres.url(), ['eventstore', 'reads']);
  // Nothing of a TeamPulse that may run here.
  const own = { TEAMPULSE_DATA: path.join(folder, 'data'), DATABASE_URL: postgres.url('reads'), NATS_URL: '' };
  const [migrated] = (await once(fork(main, ['migrate'], { env: { ...process.env, ...own } }), 'exit')) as number[];
  if (migrated !== 0) throw new Error(`migrate ended with ${migrated}`);
  const store = await start(['eventstore', '--port', '0', '--postgres-url', postgres.url('eventstore')], own);
  children.push(store.child);
  const environment = { ...own, EVENTSTORE_URL: store.address };
  const worker = await start(['worker'], environment);
  children.push(worker.child);
  const workspaceId = randomUUID();
  await createTestWorkspace(store.address, workspaceId, { currency: 'GBP' });

  const args = ['sales', file, '--workspace', workspaceId, '--mapping', 'online-retail', '--rejects', path.join(folder, 'rejects.csv')]; // prettier-ignore
  const parsed = await runImport([...args, '--dry-run'], environment);
  const before = { machine: machineTime(), store: cpuSeconds(store.child.pid), worker: cpuSeconds(worker.child.pid), postgres: postgresUse(postgres.cluster).seconds }; // prettier-ignore
  const started = performance.now();
  const imported = await runImport(args, environment);
  const written = imported.seconds;

  const log = new EventStoreDbAdapter(store.address, allEvents);
  const reads = new PostgresReadDatabase(postgres.url('reads'));
  const head = await log.head();
  if (!head) throw new Error('the log is empty');
  const outcome = await reads.waitForPosition(allProjections.map(({ name }) => name), head, 600_000); // prettier-ignore
  const shown = (performance.now() - started) / 1_000;
  const shares = sharesSince(before.machine);
  const postgresNow = postgresUse(postgres.cluster);
  if (outcome !== 'reached') throw new Error(`${outcome.projection} never came to the end of the log`);
  const [total] = await reads.query<{ readonly lines: string; readonly sales: string }>(
    workspaceId,
    'SELECT sum(line_count) AS lines, count(*) AS sales FROM read.sales WHERE workspace_id = $1',
    [workspaceId],
  );
  if (Number(total?.lines) !== lines) throw new Error(`the read models show ${total?.lines} of ${lines} lines`);
  await Promise.all([log.dispose(), reads.close()]);

  const rate = (time: number): string => Math.round(lines / time).toLocaleString('en');
  console.log(`${lines.toLocaleString('en')} ${real ? 'real' : 'made'} lines, ${total?.sales} sales, on ${os.availableParallelism()} cores`); // prettier-ignore
  console.log(`  in the log after ${written.toFixed(1)} s: ${rate(written)} lines/s`);
  console.log(`  in all read models after ${shown.toFixed(1)} s: ${rate(shown)} lines/s, ${(lines / shown / TARGET).toFixed(2)} of the ${TARGET.toLocaleString('en')} aimed at`); // prettier-ignore
  console.log(
    `  only read and translated (--dry-run): ${parsed.seconds.toFixed(1)} s, ${rate(parsed.seconds)} lines/s`,
  );
  const uses: Record<string, readonly [cpu: number, mib: number]> = {
    import: [imported.cpu, imported.mib],
    store: [cpuSeconds(store.child.pid) - before.store, peakMib(store.child.pid)],
    worker: [cpuSeconds(worker.child.pid) - before.worker, peakMib(worker.child.pid)],
    Postgres: [postgresNow.seconds - before.postgres, postgresNow.mib],
  };
  for (const [name, [cpu, mib]] of Object.entries(uses)) {
    console.log(`  ${name}: ${((cpu * 1e6) / lines).toFixed(0)} µs of processor time a line, at most ${Math.round(mib)} MiB${mib > TARGET_MIB ? `, over the ${TARGET_MIB} allowed` : ''}`); // prettier-ignore
  }
  const sum = Object.values(uses).reduce((all, [cpu]) => all + cpu, 0);
  const cores = os.availableParallelism();
  console.log(`  together ${((sum * 1e6) / lines).toFixed(0)} µs a line: ${rate(sum / cores)} lines/s if ${cores} cores did nothing else`); // prettier-ignore
  console.log(`  meanwhile others took ${Math.round(shares.others * 100)} % of the machine, ${Math.round(shares.idle * 100)} % was idle; a loop of 100 million rounds takes ${Math.round(cpuLoopMs())} ms`); // prettier-ignore
} finally {
  // The worker before the store that it reads from.
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
