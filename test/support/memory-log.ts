/** A log in memory that a test feeds. Filters as a server does, with checkpoints for what it filtered out; may stay silent at its end. */
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import {
  EventLog,
  type LoggedEvent,
  type LogItem,
  type SubscribeOptions,
} from '../../src/projections/ports/event-log.port.js';

const PAGE = 200;

export class MemoryLog extends EventLog {
  readonly events: RecordedEvent[] = [];
  readonly #waiting = new Set<() => void>();
  /** Positions that have been handed out, filtered ones too. */
  read = 0;

  /** @param saysCaughtUp some servers never do */
  constructor(private readonly saysCaughtUp = true) {
    super();
  }

  append(...events: readonly RecordedEvent[]): void {
    this.events.push(...events);
    for (const wake of this.#waiting) wake();
  }

  override async head(): Promise<LogPosition | undefined> {
    return this.events.at(-1)?.position;
  }

  override async readAgain(streamName: string, from: number, limit: number): Promise<readonly LoggedEvent[]> {
    const own = this.events.filter((event) => event.streamName === streamName && event.revision >= from);
    return own.slice(0, limit).map((event) => ({ kind: 'event', event, bytes: 100 }));
  }

  override async *subscribe({ after, typePrefixes, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    let at = after ? this.events.findIndex(({ position }) => position.commit > after.commit) : 0;
    if (at < 0) at = this.events.length;
    while (!signal.aborted) {
      const page = this.events.slice(at, at + PAGE);
      at += page.length;
      this.read += page.length;
      const items: LogItem[] = page
        .filter(({ type }) => typePrefixes?.some((prefix) => type.startsWith(prefix)) ?? true)
        .map((event) => ({ kind: 'event', event, bytes: 100 }));
      const last = page.at(-1);
      // As a server does: only for what it has examined whole pages of.
      if (last && typePrefixes && page.length === PAGE) items.push({ kind: 'checkpoint', position: last.position });
      if (at === this.events.length && this.saysCaughtUp) items.push({ kind: 'caughtUp' });
      if (items.length > 0) yield items;
      if (at < this.events.length) continue;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }
}
