/**
 * A server's whole log as it came, in its order, over broken connections: an EventStoreDB, a KurrentDB or the embedded store.
 * What a server has scavenged is not there any more.
 */
import type { EventStoreDBClient } from '@eventstore/db-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../../domain/shared/recorded-event.js';
import { openRead } from '../client-parts.js';
import { isTransient } from '../failures.js';
import { allForwards, decodeReadAnswer, type WireEvent } from '../read-wire.js';
import { arrivals } from '../reads.js';

/** A server that was restarted is there again within this. */
const ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/**
 * Up to the end that the log has when it gets there. Yields arrays, never empty.
 * @param after strictly behind this position; from the first event when left out
 */
export async function* readLog(client: EventStoreDBClient, after?: LogPosition): AsyncGenerator<readonly WireEvent[]> {
  let last = after;
  for (let attempt = 1; ;) {
    try {
      const read = await openRead(client, allForwards(last, Number.MAX_SAFE_INTEGER), decodeReadAnswer);
      for await (const answers of arrivals(read, new AbortController().signal)) {
        const page: WireEvent[] = [];
        for (const answer of answers) {
          if (answer.kind !== 'event') continue;
          const { position } = answer.event;
          // The one that reading began with again.
          if (last && position.commit <= last.commit) continue;
          last = position;
          attempt = 1;
          page.push(answer.event);
        }
        if (page.length > 0) yield page;
      }
      return;
    } catch (error) {
      if (!isTransient(error) || attempt++ >= ATTEMPTS) throw error;
      await delay(PAUSE_MS);
    }
  }
}
