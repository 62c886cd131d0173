/**
 * Replays parked messages: reads them page by page, as there is room for them, and forgets them in the parked stream as
 * they are settled, lowest first. A real node forgets them as soon as it has read them, and loses them when it then crashes.
 */
import type { StoreLog } from '../store-log.js';
import type { StoredEvent } from '../stored-event.js';
import type { ParkedMessages } from './parked-messages.js';

export class ParkedReplay {
  /** The next revision to read, and where to stop. */
  #next = 0;
  #end = 0;
  #reading = false;
  /** Read and not settled, lowest first. */
  readonly #open = new Set<number>();
  #truncatedBefore = 0;
  #truncating = false;
  #closed = false;

  /**
   * @param room how many messages can be taken now
   * @param take puts a parked link among the messages to be pushed
   */
  constructor(
    private readonly parked: ParkedMessages,
    private readonly room: () => number,
    private readonly take: (link: StoredEvent) => Promise<void>,
    private readonly log: StoreLog,
  ) {}

  /** Whether there are parked messages still to be read. */
  get running(): boolean {
    return this.#next < this.#end;
  }

  /** Starts a replay of what is parked now, up to before `stopAt`; while one is running, another changes nothing. */
  async start(stopAt: number | undefined): Promise<void> {
    if (this.running) return;
    const { first, end } = await this.parked.range();
    if (this.running) return;
    this.#next = Math.max(first, this.#next);
    this.#end = Math.min(end, stopAt ?? end);
    this.#truncatedBefore = Math.max(this.#truncatedBefore, first);
    await this.proceed();
  }

  close(): void {
    this.#closed = true;
  }

  /** Reads on while there is room. To be called when there may be room again, and now and then after a failure. */
  async proceed(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.running && !this.#closed) {
        const room = this.room();
        if (room <= 0) return;
        const links = await this.parked.page(this.#next, this.#end, room);
        for (const link of links) {
          if (this.#closed) return;
          this.#open.add(link.revision);
          this.#next = link.revision + 1;
          await this.take(link);
        }
        if (links.length === 0) this.#next = this.#end;
      }
    } catch (error) {
      this.log.warn({ err: error, stream: this.parked.stream }, 'parked messages could not be read; trying again');
    } finally {
      this.#reading = false;
    }
    if (this.#open.size === 0) this.truncate();
  }

  /** A replayed message is done with, or parked again. */
  settled(revision: number): void {
    this.#open.delete(revision);
    if (this.#open.size === 0 && !this.running) this.truncate();
  }

  /** Forgets what is settled. */
  truncate(): void {
    const [lowest = this.#next] = this.#open;
    if (lowest <= this.#truncatedBefore || this.#truncating || this.#closed) return;
    void this.#truncateBefore(lowest);
  }

  async #truncateBefore(revision: number): Promise<void> {
    this.#truncating = true;
    try {
      await this.parked.truncateBefore(revision);
      this.#truncatedBefore = revision;
    } catch (error) {
      this.log.warn({ err: error, stream: this.parked.stream }, 'messages were replayed, but are still parked');
      return;
    } finally {
      this.#truncating = false;
    }
    // What was settled meanwhile.
    if (this.#open.size === 0) this.truncate();
  }
}
