/**
 * How a group's events come in: read from Postgres while it is behind, offered as they are committed while it is live.
 *
 *   start ──► behind ──end of the source──► live ──no room, a link to resolve, events missed──► behind …
 *
 * A feed is a place in its source; what it took lies before that place, what follows is still to come.
 */
import type { LiveLog } from '../live-log.js';
import type { ResolvedEvent } from '../messages.js';
import type { StoredEvent } from '../stored-event.js';
import type { EventSource } from './event-source.js';
import type { GroupSettings } from './group-definition.js';

/** Where the events go. */
export interface FeedSink {
  /** Whether one more can be taken. */
  hasRoom(): boolean;
  /** Whether a page is worth reading: one event for each that is acknowledged would cost a query per event. */
  wantsPage(): boolean;
  /** @param before the place before the event */
  take(event: ResolvedEvent, before: number): void;
  /** An event that the group's filter does not want. */
  pass(): void;
  /** For now there is nothing more to take. */
  taken(): void;
  /** Reading failed; the next `read` tries again. */
  failed(error: unknown): void;
}

export class SourceFeed {
  #place = 0;
  #started = false;
  #live = false;
  #reading = false;

  constructor(
    private readonly source: EventSource,
    private readonly liveLog: LiveLog,
    private readonly settings: Pick<GroupSettings, 'readBatchSize' | 'resolveLinks'>,
    private readonly sink: FeedSink,
  ) {}

  /** Everything in the source up to here was taken or passed over. */
  get place(): number {
    return this.#place;
  }

  get live(): boolean {
    return this.#live;
  }

  get reading(): boolean {
    return this.#reading;
  }

  start(after: number): void {
    this.#place = after;
    this.#started = true;
    void this.read();
  }

  stop(): void {
    this.#started = false;
    this.#live = false;
  }

  /** What has just been committed, in order. */
  offer(event: StoredEvent): void {
    if (!this.#live) return;
    if (this.#take(event) && !this.#reading) this.sink.taken();
  }

  /** Events may have been missed: reads them. */
  fallBehind(): void {
    this.#live = false;
    void this.read();
  }

  /** Reads on while there is room; at the end of the source the feed is live. */
  async read(): Promise<void> {
    if (this.#reading || !this.#behind || !this.sink.wantsPage()) return;
    this.#reading = true;
    try {
      while (this.#behind && this.sink.wantsPage()) {
        const head = this.liveLog.head;
        const through = await this.#readPage();
        if (through === undefined && this.#started) this.#goLive(head);
        this.sink.taken();
      }
    } catch (error) {
      this.sink.failed(error);
    } finally {
      this.#reading = false;
    }
  }

  get #behind(): boolean {
    return this.#started && !this.#live;
  }

  /** @returns where the page ended; undefined when there was none */
  async #readPage(): Promise<number | undefined> {
    const { events, through } = await this.source.after(this.#place, this.settings.readBatchSize);
    for (const { event, wanted } of events) {
      const place = this.source.placeOf(event);
      if (place === undefined || place <= this.#place) continue;
      if (wanted !== 'take') {
        this.#pass(place, wanted);
        continue;
      }
      if (!this.sink.hasRoom()) break;
      const resolved = this.#isLink(event) ? await this.source.resolve(event) : { event, link: undefined };
      if (!this.#started) break;
      this.#add(resolved, place);
    }
    return through;
  }

  /**
   * Everything up to `head` was read. What was committed since is in the window of the live log, or must be read. No turn
   * of the event loop passes in here, so nothing can be committed between the last look and being live.
   */
  #goLive(head: number): void {
    if (!this.liveLog.covers(head + 1)) return;
    this.#live = true;
    for (let event = this.liveLog.get(head + 1); event && this.#live; event = this.liveLog.get(event.position + 1)) {
      this.#take(event);
    }
  }

  /** An event of the live log, which follows what was taken before without a gap. @returns whether it was taken */
  #take(event: StoredEvent): boolean {
    const place = this.source.placeOf(event);
    if (place === undefined || place <= this.#place) return false;
    const wanted = this.source.wanted(event);
    if (wanted !== 'take') {
      this.#pass(place, wanted);
      return false;
    }
    // A link takes a query to resolve, and without room it must wait: both are what reading does.
    if (!this.sink.hasRoom() || this.#isLink(event)) {
      this.fallBehind();
      return false;
    }
    this.#add({ event, link: undefined }, place);
    return true;
  }

  #add(resolved: ResolvedEvent, place: number): void {
    const before = this.#place;
    this.#place = place;
    this.sink.take(resolved, before);
  }

  #pass(place: number, wanted: 'skip' | 'hidden'): void {
    this.#place = place;
    if (wanted === 'skip') this.sink.pass();
  }

  #isLink(event: StoredEvent): boolean {
    return this.settings.resolveLinks && event.type === '$>';
  }
}
