/** A log that a test feeds by hand. Filters as a server does, with checkpoints for what it filtered out. */
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent, LogItem, SubscribeOptions } from '../../src/projections/ports/event-log.port.js';

export class FedLog implements EventLog {
  readonly #events: RecordedEvent[] = [];
  readonly #waiting = new Set<() => void>();
  readonly subscriptions: SubscribeOptions[] = [];
  /** Ids of events that can't be read. */
  readonly malformed = new Set<string>();

  append(...events: RecordedEvent[]): void {
    this.#events.push(...events);
    for (const wake of this.#waiting) wake();
  }

  /** What an event of the tests' pages says. */
  lineOf(id: string): string {
    const data = this.#events.find((event) => event.id === id)?.data;
    return typeof data === 'object' && data !== null && 'line' in data ? String(data.line) : '';
  }

  async head(): Promise<LogPosition | undefined> {
    return this.#events.at(-1)?.position;
  }

  async readAgain(streamName: string, fromRevision: number, limit: number): Promise<readonly LoggedEvent[]> {
    return this.#events
      .filter((event) => event.streamName === streamName && event.revision >= fromRevision)
      .slice(0, limit)
      .map((event) => this.#itemOf(event));
  }

  #itemOf(event: RecordedEvent): LoggedEvent {
    if (!this.malformed.has(event.id)) return { kind: 'event', event, bytes: 100 };
    const { id, type, streamName, revision, position } = event;
    return { kind: 'malformed', id, type, streamName, revision, position, error: new Error('the data of it is wrong') };
  }

  async *subscribe(options: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    this.subscriptions.push(options);
    const { after, typePrefixes, signal } = options;
    let at = after ? this.#events.findIndex(({ position }) => position.commit > after.commit) : 0;
    if (at < 0) at = this.#events.length;
    while (!signal.aborted) {
      const chunk = this.#events.slice(at, at + 500);
      at += chunk.length;
      const items: LogItem[] = chunk
        .filter(({ type }) => typePrefixes?.some((prefix) => type.startsWith(prefix)) ?? true)
        .map((event) => this.#itemOf(event));
      const last = chunk.at(-1);
      if (last && typePrefixes) items.push({ kind: 'checkpoint', position: last.position });
      if (at === this.#events.length) items.push({ kind: 'caughtUp' });
      if (items.length > 0) yield items;
      if (at < this.#events.length) continue;
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
