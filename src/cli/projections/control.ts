/** Asking workers for something through the database, as every `teampulse projections` command that changes something does. */
import { setTimeout as delay } from 'node:timers/promises';
import { userInfo } from 'node:os';
import { loadConfig, requireConfig } from '../../adapters/config/config.js';
import { PostgresWriteDatabase } from '../../adapters/postgres/postgres-write-database.js';
import { listBuilds } from '../../projections/engine/build-registry.js';
import { outcomesOf, submitRequests, type Outcome } from '../../projections/engine/control-requests.js';
import type { WriteDatabase } from '../../projections/ports/write-database.port.js';
import { CliError } from '../failure.js';

const POLL_MS = 100;
/** A worker takes a request up at once, a busy one within seconds; after this there is none. */
const NO_WORKER_MS = 10_000;

export async function withDatabase<T>(work: (database: PostgresWriteDatabase) => Promise<T>): Promise<T> {
  const database = new PostgresWriteDatabase(requireConfig(loadConfig(), 'databaseUrl').databaseUrl);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/**
 * Asks a worker to do something to each of these projections, and waits until it has.
 * @returns what came of each, in the same order
 * @throws CliError when a name is wrong, one is refused, or no worker runs
 */
export async function carryOut(
  database: WriteDatabase,
  kind: string,
  names: readonly string[],
  given: Readonly<Record<string, unknown>> = {},
): Promise<readonly Outcome[]> {
  const known = new Set((await listBuilds(database)).map(({ projection }) => projection));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new CliError(`there is no projection ${unknown}`, `choose one of: ${[...known].join(', ') || 'none yet'}`);
  }
  const requestedBy = `cli:${userInfo().username}`;
  const ids = await submitRequests(database, names.map((projection) => ({ kind, projection, arguments: given, requestedBy }))); // prettier-ignore
  const until = performance.now() + NO_WORKER_MS;
  for (;;) {
    const outcomes = await outcomesOf(database, ids);
    if (outcomes.size === ids.length) return ids.map((id, i) => acceptedOr(outcomes.get(id), names[i] ?? ''));
    if (performance.now() > until) {
      throw new CliError('no worker has taken the request up', 'start one with `teampulse worker` or `teampulse up`; it will do it then'); // prettier-ignore
    }
    await delay(POLL_MS);
  }
}

function acceptedOr(outcome: Outcome | undefined, name: string): Outcome {
  if (outcome?.accepted) return outcome;
  throw new CliError(`${name}: ${outcome?.message ?? 'the request is gone'}`, 'see `teampulse projections list`');
}
