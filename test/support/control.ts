/** Asks something of the engine as an operator does, and waits until a worker has carried it out. */
import { vi } from 'vitest';
import { outcomesOf, submitRequests, type Outcome } from '../../src/projections/engine/control-requests.js';
import type { WriteDatabase } from '../../src/projections/ports/write-database.port.js';

/** @param given the request's arguments */
export async function ask(
  database: WriteDatabase,
  kind: string,
  projection: string,
  given: ControlArguments = {},
): Promise<Outcome> {
  const [id = ''] = await submitRequests(database, [{ kind, projection, arguments: given, requestedBy: 'cli:test' }]);
  return vi.waitUntil(async () => (await outcomesOf(database, [id])).get(id), { timeout: 20_000, interval: 10 });
}

type ControlArguments = Readonly<Record<string, unknown>>;
