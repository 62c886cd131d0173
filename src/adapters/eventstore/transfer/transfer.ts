/** Whole logs out of and into any server, through the client. */
import { EventStoreDBClient } from '@eventstore/db-client';

export { endOfLog, exportLog } from './export-log.js';
export { importLog } from './import-log.js';
export { readWorkspaceEntries } from './workspace-entries.js';

/** @param url an esdb:// connection string, credentials included. Dispose it at the end. */
export const connectForTransfer = (url: string): EventStoreDBClient => EventStoreDBClient.connectionString(url);
