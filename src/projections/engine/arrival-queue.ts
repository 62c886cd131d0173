/** What has been read of the log for one projection and not yet applied. One reader fills it, one writer empties it. */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { LogItem } from '../ports/event-log.port.js';

export type Malformed = Extract<LogItem, { kind: 'malformed' }>;

/** A stretch of the log: what this projection takes of it, and where it ends. */
export interface Arrival {
  readonly events: readonly (RecordedEvent | Malformed)[];
  /** Undefined when only `caughtUp` is told. */
  readonly to: LogPosition | undefined;
  readonly caughtUp: boolean;
}

export const isMalformed = (item: RecordedEvent | Malformed): item is Malformed => 'kind' in item;

/** Four of the largest batches: enough that the writer never waits for the reader, and little to hold. */
export const QUEUE_EVENTS = 8_192;

export class ArrivalQueue {
  #arrivals: Arrival[] = [];
  #events = 0;
  #filled: (() => void) | undefined;
  #drained: (() => void)[] = [];

  get events(): number {
    return this.#events;
  }

  /** Arrivals that carry nothing count a little too: a log full of what others take must not pile up here. */
  get full(): boolean {
    return this.#events >= QUEUE_EVENTS;
  }

  push(arrival: Arrival): void {
    const last = this.#arrivals.at(-1);
    if (last && last.events.length === 0 && arrival.events.length === 0) {
      // Nothing and again nothing is nothing up to the second's end.
      this.#arrivals[this.#arrivals.length - 1] = {
        events: [],
        to: arrival.to ?? last.to,
        caughtUp: last.caughtUp || arrival.caughtUp,
      };
    } else {
      this.#arrivals.push(arrival);
      this.#events += arrival.events.length;
    }
    this.#filled?.();
  }

  /** Everything that has arrived, up to about so many events; one stretch at least when there is any. */
  take(mostEvents: number): Arrival | undefined {
    if (this.#arrivals.length === 0) return undefined;
    let count = 0;
    let taken = 0;
    do count += this.#arrivals[taken++]?.events.length ?? 0;
    while (taken < this.#arrivals.length && count + (this.#arrivals[taken]?.events.length ?? 0) <= mostEvents);
    const parts = this.#arrivals.splice(0, taken);
    this.#events -= count;
    if (!this.full) for (const drained of this.#drained.splice(0)) drained();
    const [first, ...others] = parts;
    return {
      events: first && others.length === 0 ? first.events : parts.flatMap(({ events }) => events),
      to: parts.findLast(({ to }) => to !== undefined)?.to,
      caughtUp: parts.some(({ caughtUp }) => caughtUp),
    };
  }

  /** Until something is there, the time is over, or the signal says stop. */
  async arrival(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#arrivals.length > 0 || signal.aborted) return;
    await wait(timeoutMs, signal, (resolve) => (this.#filled = resolve));
    this.#filled = undefined;
  }

  /** Until there is room. @returns false when there was none in time */
  async room(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.full && !signal.aborted) await wait(timeoutMs, signal, (resolve) => this.#drained.push(resolve));
    return !this.full;
  }
}

async function wait(timeoutMs: number, signal: AbortSignal, arm: (resolve: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    signal.addEventListener('abort', done);
    arm(done);
  });
}
