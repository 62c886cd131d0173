/** Waits until the read models show the whole log: after an import, which gives no position to wait for. */
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { allEvents, allProjections } from '../../src/capabilities.js';
import type { TestApi } from './api.js';

/** Far longer than any set takes; beyond, a projection has stopped. */
const LONGEST_MS = 240_000;

export async function caughtUp(api: TestApi): Promise<void> {
  const log = new EventStoreDbAdapter(api.eventstoreUrl, allEvents);
  const reads = new PostgresReadDatabase(api.database.apiUrl);
  try {
    const head = await log.head();
    if (!head) return;
    const names = allProjections.map(({ name }) => name);
    const outcome = await reads.waitForPosition(names, head, LONGEST_MS);
    if (outcome !== 'reached')
      throw new Error(`${outcome.projection} is only at ${outcome.at?.commit} of ${head.commit}`);
  } finally {
    await Promise.all([reads.close(), log.dispose()]);
  }
}
