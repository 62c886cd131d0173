/** How long to rest between batches: not at all while little happens, so that a change is seen at once; a moment under load. */
import { setTimeout as delay } from 'node:timers/promises';

/** From here on a transaction per handful of events would cost more than the events. */
const BUSY_EVENTS_PER_SECOND = 1_000;
/** At 3,000 events/s this makes batches of 60; subscriptions still hear within a tenth of a second. */
const REST_MS = 20;
const WINDOW_MS = 250;

export class Pace {
  #since = performance.now();
  #events = 0;
  #busy = false;

  async rest(events: number, signal: AbortSignal): Promise<void> {
    this.#events += events;
    const now = performance.now();
    const elapsed = now - this.#since;
    if (elapsed >= WINDOW_MS) {
      this.#busy = (this.#events * 1_000) / elapsed >= BUSY_EVENTS_PER_SECOND;
      this.#since = now;
      this.#events = 0;
    }
    if (this.#busy) await delay(REST_MS, undefined, { signal }).catch(() => undefined);
  }
}
