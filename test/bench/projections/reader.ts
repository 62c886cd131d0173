/** The limits of a build, each in a process of its own: the client alone, decoding everything, and a plain projector. */
import { EventStoreDbAdapter } from '../../../src/adapters/eventstore/eventstore-db.adapter.js';
import { eventCatalogue } from '../../../src/domain/event-catalogue.js';
import { serve } from './child.js';
import { runReference } from './reference-projector.js';

export type ReaderJob = { readonly eventstoreUrl: string; readonly databaseUrl?: string };
export interface Read {
  readonly events: number;
  readonly seconds: number;
}

serve<ReaderJob>(async ({ eventstoreUrl, databaseUrl }): Promise<Read> => {
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  const started = performance.now();
  const events = databaseUrl === undefined ? await readAll(log) : await runReference(log, databaseUrl);
  const seconds = (performance.now() - started) / 1_000;
  await log.dispose();
  return { events, seconds };
});

async function readAll(log: EventStoreDbAdapter): Promise<number> {
  let events = 0;
  for await (const items of log.subscribe({ signal: new AbortController().signal })) {
    for (const item of items) if (item.kind === 'event') events++;
    if (items.some(({ kind }) => kind === 'caughtUp')) break;
  }
  return events;
}
