/**
 * Whether the reader of the log lives. A reader that is level with the log and one that is dead look the same from inside:
 * neither gets anything. So the log itself is asked, over a connection of its own, where it ends.
 *
 *   healthy ──the log ends further on, and the reader has not moved for a while──► stuck: given a new connection
 *      ▲                                                                             └──it moves──► healthy
 *      └────the log has not said for a while where it ends──► unanswered ──it does──► healthy
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog } from '../ports/event-log.port.js';
import { comparePositions } from '../../domain/shared/position.js';

/** One small read of the log. */
const BEAT_MS = 2_000;
/** Longer than a restart of the event store takes its readers to notice; an order shorter than a person does. */
const STUCK_MS = 5_000;
const UNANSWERED_MS = 6_000;

export interface Pulse {
  /** The end of the log when it last said; undefined while it has no events. */
  readonly head: LogPosition | undefined;
  /** What is wrong, for people; undefined when nothing is. */
  readonly ailment: string | undefined;
}

export class Heartbeat {
  #head: LogPosition | undefined;
  #answeredAt = performance.now();
  #reader: LogPosition | undefined;
  #movedAt = performance.now();
  /** Since when the log was seen to go on behind the reader. */
  #behindSince: number | undefined;

  #revivedAt = -Infinity;

  /**
   * @param reader where the reader stands now
   * @param revive gives it a new connection
   */
  constructor(
    private readonly log: EventLog,
    private readonly reader: () => LogPosition | undefined,
    private readonly revive: () => void,
  ) {}

  /** Beats until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#compare(await this.log.head());
      } catch {
        // How long it has not answered is what is told.
      }
      await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  get pulse(): Pulse {
    return { head: this.#head, ailment: this.#ailment() };
  }

  #compare(head: LogPosition | undefined): void {
    const now = performance.now();
    this.#head = head;
    this.#answeredAt = now;
    const at = this.reader();
    if (at && (!this.#reader || comparePositions(at, this.#reader) !== 0)) this.#movedAt = now;
    this.#reader = at;
    const isBehind = head !== undefined && (!at || comparePositions(at, head) < 0);
    this.#behindSince = isBehind ? (this.#behindSince ?? now) : undefined;
    if (this.#stuckMs(now) < STUCK_MS || now - this.#revivedAt < STUCK_MS) return;
    this.#revivedAt = now;
    this.revive();
  }

  #stuckMs(now: number): number {
    return this.#behindSince === undefined ? 0 : now - Math.max(this.#behindSince, this.#movedAt);
  }

  #ailment(): string | undefined {
    const now = performance.now();
    const unansweredMs = now - this.#answeredAt;
    if (unansweredMs > UNANSWERED_MS) return `the log has not answered for ${seconds(unansweredMs)} s`;
    const stuckMs = this.#stuckMs(now);
    return stuckMs > STUCK_MS ? `the log goes on, and its reader has not moved for ${seconds(stuckMs)} s` : undefined;
  }
}

const seconds = (ms: number): number => Math.round(ms / 1_000);
