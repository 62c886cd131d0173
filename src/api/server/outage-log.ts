/**
 * What is logged while a part that queries need is away: the first request that failed, and later how many more did. A line for
 * each would bury everything else, at a thousand requests a second.
 *
 *   well ──a request fails: logged──► away ──none has failed for QUIET_MS: logged, with their number──► well
 */

/** Longer than those who try again wait, so that one outage is one. */
export const QUIET_MS = 10_000;

interface Outage {
  readonly begunAt: number;
  /** Beside the first. */
  more: number;
  readonly over: NodeJS.Timeout;
}

export interface OutageLogger {
  error(cause: Error, what: string): void;
  warn(what: string): void;
}

export class OutageLog {
  /** By the name of the error: there are as many as parts. */
  readonly #outages = new Map<string, Outage>();

  constructor(private readonly logger: OutageLogger) {}

  /** A request failed because a part is away. @param request for people: which, and where */
  failed(cause: Error, request: string): void {
    const outage = this.#outages.get(cause.name);
    if (outage) {
      outage.more += 1;
      outage.over.refresh();
      return;
    }
    this.logger.error(cause, request);
    const over = setTimeout(() => this.#end(cause.name), QUIET_MS);
    // Nobody waits for the end of an outage to stop.
    over.unref();
    this.#outages.set(cause.name, { begunAt: performance.now(), more: 0, over });
  }

  #end(name: string): void {
    const outage = this.#outages.get(name);
    this.#outages.delete(name);
    if (!outage || outage.more === 0) return;
    const seconds = Math.round((performance.now() - outage.begunAt - QUIET_MS) / 1_000);
    this.logger.warn(
      `${name}: ${outage.more} more requests failed within ${seconds} s; none in the last ${QUIET_MS / 1_000} s`,
    );
  }
}
