/** The log and the database of the read models, for commands that do a projection's work themselves. Ctrl-C ends it in good order. */
import { loadConfig, requireConfig } from '../../adapters/config/config.js';
import { PostgresWriteDatabase } from '../../adapters/postgres/postgres-write-database.js';
import type { EventLog } from '../../projections/ports/event-log.port.js';
import type { WriteDatabase } from '../../projections/ports/write-database.port.js';

export interface LogAndDatabase {
  readonly log: EventLog;
  readonly database: WriteDatabase;
  readonly signal: AbortSignal;
}

export async function withLog<T>(work: (parts: LogAndDatabase) => Promise<T>): Promise<T> {
  const { databaseUrl, eventstoreUrl } = requireConfig(loadConfig(), 'databaseUrl', 'eventstoreUrl');
  // Longer to load than most commands take to run.
  const { EventStoreDbAdapter } = await import('../../adapters/eventstore/eventstore-db.adapter.js');
  const { eventCatalogue } = await import('../../domain/event-catalogue.js');
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  const database = new PostgresWriteDatabase(databaseUrl);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort(new Error('it was interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    // A subscription waits a minute for a store that is away, which suits workers: who waits at a terminal is told sooner.
    await log.connect();
    return await work({ log, database, signal: interruption.signal });
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await Promise.all([log.dispose(), database.close()]);
  }
}
