/** What has been read of the log for one projection and not yet applied. One reader fills it, one writer empties it. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { LoggedEvent } from '../ports/event-log.port.js';

/** A stretch of the log: what this projection takes of it, and where it ends. */
export interface Arrival {
  readonly events: readonly LoggedEvent[];
  /** Undefined when only `caughtUp` is told. */
  readonly to: LogPosition | undefined;
  readonly caughtUp: boolean;
}

export const positionOf = (item: LoggedEvent): LogPosition =>
  item.kind === 'event' ? item.event.position : item.position;

/** What is taken at once. One event at least, however large. */
export interface Limit {
  readonly events: number;
  /** As the log stores their data. */
  readonly bytes: number;
}

/**
 * One of the largest batches: enough that the writer never waits for the reader. What waits longer than a moment costs the
 * garbage collector more than it costs to hold the reader back.
 */
const QUEUE: Limit = { events: 2_048, bytes: 8 * 2 ** 20 };

export class ArrivalQueue {
  #arrivals: Arrival[] = [];
  #events = 0;
  #bytes = 0;
  #filled: (() => void) | undefined;
  #drained: (() => void)[] = [];

  get events(): number {
    return this.#events;
  }

  get isEmpty(): boolean {
    return this.#arrivals.length === 0;
  }

  get full(): boolean {
    return this.#events >= QUEUE.events || this.#bytes >= QUEUE.bytes;
  }

  push(arrival: Arrival): void {
    const last = this.#arrivals.at(-1);
    if (last && arrival.events.length === 0) {
      // And then nothing is the same stretch up to the second's end: a log full of what others take must not pile up here.
      this.#arrivals[this.#arrivals.length - 1] = {
        events: last.events,
        to: arrival.to ?? last.to,
        caughtUp: last.caughtUp || arrival.caughtUp,
      };
    } else {
      this.#arrivals.push(arrival);
      this.#count(arrival.events, 1);
    }
    this.wake();
  }

  /** What has arrived, as far as the limit allows; undefined when nothing has. */
  take(limit: Limit): Arrival | undefined {
    const [first] = this.#arrivals;
    if (!first) return undefined;
    const events: LoggedEvent[] = [];
    let bytes = 0;
    let { to } = first;
    let caughtUp = false;
    for (let arrival: Arrival | undefined = first; arrival; arrival = this.#arrivals[0]) {
      let taken = 0;
      for (const event of arrival.events) {
        const more = bytesOf(event);
        if (events.length > 0 && (events.length >= limit.events || bytes + more > limit.bytes)) break;
        events.push(event);
        bytes += more;
        taken += 1;
      }
      const rest = arrival.events.slice(taken);
      const last = events.at(-1);
      if (rest.length > 0) {
        this.#arrivals[0] = { ...arrival, events: rest };
        if (taken > 0 && last) to = positionOf(last);
        break;
      }
      this.#arrivals.shift();
      to = arrival.to ?? to;
      caughtUp ||= arrival.caughtUp;
    }
    this.#count(events, -1);
    if (!this.full) for (const drained of this.#drained.splice(0)) drained();
    return { events, to, caughtUp };
  }

  /** Until something arrives, somebody wakes us, or the time is over. */
  async arrival(timeoutMs: number): Promise<void> {
    if (this.#arrivals.length > 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#filled = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#filled = undefined;
  }

  wake(): void {
    this.#filled?.();
  }

  /** Until there is room. @returns false when there was none in time */
  async room(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.full && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        signal.addEventListener('abort', done);
        this.#drained.push(done);
      });
    }
    return !this.full;
  }

  #count(events: readonly LoggedEvent[], sign: 1 | -1): void {
    this.#events += sign * events.length;
    for (const event of events) this.#bytes += sign * bytesOf(event);
  }
}

const bytesOf = (item: LoggedEvent): number => (item.kind === 'event' ? item.bytes : 0);
