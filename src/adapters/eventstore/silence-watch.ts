/**
 * Ends calls that a silent server would leave pending for ever: the client sets no deadline on appends and reads.
 *
 * What counts is the server's silence, not one call's: a busy process that sees some answers late must not give up its
 * connection, and with it every append under way. Nor does time count in which this process itself stood still.
 */
import { NoAnswer } from './failures.js';

/** How exactly silence is measured. One timer for all calls: they are many, and nearly all are answered at once. */
const TICK_MS = 250;

interface Pending {
  readonly begunAt: number;
  readonly end: (error: NoAnswer) => void;
}

export class SilenceWatch {
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  /** The last sign that waiting makes sense: an answer, or a pause of our own. */
  #heardAt = -Infinity;

  /**
   * @param silenceMs after this long without an answer to any call the server counts as silent
   * @param mostMs no call goes on longer than this
   */
  constructor(
    private readonly silenceMs: number,
    private readonly mostMs: number,
  ) {}

  /** The call's own outcome, or NoAnswer. */
  async over<T>(call: Promise<T>): Promise<T> {
    // When the clock wins, the call may still fail later; nobody listens then.
    call.catch(() => undefined);
    let pending: Pending | undefined;
    const silence = new Promise<never>((_, reject) => {
      pending = { begunAt: performance.now(), end: reject };
      this.#pending.add(pending);
      this.#start();
    });
    try {
      return await Promise.race([call, silence]);
    } finally {
      if (pending && this.#pending.delete(pending)) this.#heardAt = performance.now();
    }
  }

  #start(): void {
    if (this.#timer) return;
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#tickedAt > 2 * TICK_MS) this.#heardAt = now;
    this.#tickedAt = now;
    for (const pending of this.#pending) {
      const waited = now - pending.begunAt;
      const silent = now - Math.max(pending.begunAt, this.#heardAt);
      if (silent < this.silenceMs && waited < this.mostMs) continue;
      this.#pending.delete(pending);
      pending.end(new NoAnswer(`no answer within ${Math.round(waited)} ms`));
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
