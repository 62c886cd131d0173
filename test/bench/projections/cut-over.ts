/** What readers notice of a cut-over: the longest any of them waited around it, errors, and answers that are half of each. */
import { setTimeout as delay } from 'node:timers/promises';
import { Child, sharedNow } from './child.js';
import type { ReadModels } from './installation.js';
import type { QueriesJob, QueriesSetup, Waits } from './queries.js';
import { Machine, percent, say, whole } from './report.js';
import { dayText, workspaceId } from './sales-log.js';

const READERS = 4;
const WANTED_MS = 50;
/** Around the moment the new build was seen to serve; the exchange is before it, the removal of the old build after it. */
const BEFORE_MS = 1_000;
const AFTER_MS = 2_000;

/** @returns whether any reader got an error or a wrong answer */
export async function cutOverBench(models: ReadModels): Promise<boolean> {
  const { events } = models.log;
  const setup: QueriesSetup = { apiUrl: models.apiUrl, workspaceId: workspaceId(0), day: dayText(Math.floor(events / 2)), readers: READERS }; // prettier-ignore
  const queries = new Child('./queries.js', [JSON.stringify(setup)]);
  const machine = new Machine();
  // Only around the end: readers who never stop would take half of the machine from the load.
  const ids = await models.rebuild(['sales']);
  const head = await models.log.head();
  await models.until(
    'nearly everything is read',
    (builds) =>
    builds.filter(({ id }) => ids.includes(id)).every(({ position }) => Number(position?.commit ?? 0n) > Number(head) * 0.9), // prettier-ignore
  );
  await queries.ask({ go: true } satisfies QueriesJob);
  await models.serves(ids);
  const seen = sharedNow();
  await delay(AFTER_MS + 2_000);
  const waits = await queries.ask<Waits>({ stop: { from: seen - BEFORE_MS, to: seen + AFTER_MS } } satisfies QueriesJob); // prettier-ignore
  await queries.end();
  say(`${waits.longestInWindow.toFixed(1).padStart(9)} ms longest wait of ${READERS} readers around a cut-over, ${percent(waits.longestInWindow / WANTED_MS)} of the ${WANTED_MS} ms allowed; without one ${waits.longestOutside.toFixed(1)} ms, p99 ${waits.p99.toFixed(1)} ms`); // prettier-ignore
  say(`           ${whole(waits.queries)} queries, ${waits.errors.length} errors${waits.errors[0] === undefined ? '' : `, the first: ${waits.errors[0]}`}, ${waits.wrong} answers of two builds at once; ${String(machine)}`); // prettier-ignore
  return waits.errors.length > 0 || waits.wrong > 0;
}
