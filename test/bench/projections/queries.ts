/**
 * Readers that never stop asking, as the API asks: two views of the same build in one question, which must agree. Told to stop,
 * says how long the longest wait was within some seconds, and outside of them.
 */
import { PostgresReadDatabase } from '../../../src/adapters/postgres/read-database.js';
import { serve, sharedNow } from './child.js';

export interface QueriesSetup {
  readonly apiUrl: string;
  readonly workspaceId: string;
  readonly day: string;
  readonly readers: number;
}
/** `asked` says how many sales the day has; the other ends all. The window is on the shared clock. */
export type QueriesJob = { readonly go: true } | { readonly stop: { readonly from: number; readonly to: number } };
export interface Waits {
  readonly queries: number;
  readonly longestInWindow: number;
  readonly longestOutside: number;
  readonly p99: number;
  readonly errors: readonly string[];
  /** Answers in which the views did not agree, or that differed from the first. */
  readonly wrong: number;
}

const SQL = `SELECT (SELECT count(*) FROM read.sales WHERE workspace_id = $1 AND day = $2) AS sales,
    (SELECT sum(documents) FROM read.sales_by_day WHERE workspace_id = $1 AND day = $2) AS documents`;
const MOST_ERRORS = 10;

const setup = JSON.parse(process.argv[2] ?? '{}') as QueriesSetup;
const database = new PostgresReadDatabase(setup.apiUrl);
const asked: [at: number, took: number][] = [];
const errors: string[] = [];
let wrong = 0;
let expected: string | undefined;
const stopped = new AbortController();
let readers: Promise<unknown> = Promise.resolve();

async function read(): Promise<void> {
  while (!stopped.signal.aborted) {
    const at = sharedNow();
    try {
      const [row] = await database.query<{ sales: string; documents: string }>(setup.workspaceId, SQL, [setup.workspaceId, setup.day]); // prettier-ignore
      expected ??= row?.sales;
      if (row?.sales !== expected || row?.documents !== expected) wrong++;
    } catch (error) {
      if (errors.length < MOST_ERRORS) errors.push(String(error));
    }
    asked.push([at, sharedNow() - at]);
  }
}

serve<QueriesJob>(async (job) => {
  if ('go' in job) {
    readers = Promise.all(Array.from({ length: setup.readers }, read));
    return {};
  }
  stopped.abort();
  await readers;
  await database.close();
  const { from, to } = job.stop;
  const inWindow = asked.filter(([at, took]) => at <= to && at + took >= from).map(([, took]) => took);
  const outside = asked.filter(([at, took]) => at > to || at + took < from).map(([, took]) => took);
  const sorted = asked.map(([, took]) => took).toSorted((a, b) => a - b);
  return {
    queries: asked.length,
    longestInWindow: longest(inWindow),
    longestOutside: longest(outside),
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    errors,
    wrong,
  } satisfies Waits;
});

const longest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
