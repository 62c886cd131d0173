/** Appends new sales through the client, in a process of its own: at an even rate, or by so many writers as fast as they can. */
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDbAdapter } from '../../../src/adapters/eventstore/eventstore-db.adapter.js';
import { eventCatalogue } from '../../../src/domain/event-catalogue.js';
import { serve, sharedNow } from './child.js';
import { liveSale } from './sales-log.js';

export interface WriterSetup {
  readonly eventstoreUrl: string;
  readonly events: number;
  readonly workspaces: number;
}
/** Sales are numbered on from `from`. */
export type WriterJob = { readonly seconds: number; readonly from: number } & (
  { readonly perSecond: number } | { readonly writers: number }
);
export interface Written {
  readonly written: number;
  readonly seconds: number;
  /** Position of the event, and when its append was acknowledged. */
  readonly acknowledged: readonly (readonly [position: number, at: number])[];
}

/** A store that is so far behind does not take this rate. */
const MOST_UNDER_WAY = 2_000;

const setup = JSON.parse(process.argv[2] ?? '{}') as WriterSetup;
const store = new EventStoreDbAdapter(setup.eventstoreUrl, eventCatalogue);

async function append(n: number, acknowledged: [number, number][]): Promise<void> {
  const { stream, id, type, data, metadata } = liveSale(n, setup.events, setup.workspaces);
  const result = await store.append(stream, [{ id, type, data, metadata }], 'no_stream');
  if (result.outcome !== 'appended') throw new Error(`sale ${n} was written before`);
  acknowledged.push([Number(result.position.commit), sharedNow()]);
}

serve<WriterJob>(async (job): Promise<Written> => {
  const acknowledged: [number, number][] = [];
  const started = performance.now();
  let sent = 0;
  if ('writers' in job) {
    const writer = async (): Promise<void> => {
      while (performance.now() - started < job.seconds * 1_000) await append(job.from + sent++, acknowledged);
    };
    await Promise.all(Array.from({ length: job.writers }, writer));
  } else {
    const all: Promise<void>[] = [];
    let failure: unknown;
    while (performance.now() - started < job.seconds * 1_000) {
      for (const due = ((performance.now() - started) * job.perSecond) / 1_000; sent < due; sent++) {
        all.push(append(job.from + sent, acknowledged).catch((error: unknown) => void (failure ??= error)));
      }
      if (failure !== undefined) throw failure instanceof Error ? failure : new Error('an append failed');
      if (sent - acknowledged.length > MOST_UNDER_WAY) throw new Error(`the store does not take ${job.perSecond} appends a second`); // prettier-ignore
      await delay(1);
    }
    await Promise.all(all);
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error('an append failed');
  }
  return { written: acknowledged.length, seconds: (performance.now() - started) / 1_000, acknowledged };
});
