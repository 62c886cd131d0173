/** Does units of work side by side, a bounded number at once, units of one thing in the order they came. */
export class WorkQueue {
  private running = 0;
  private failure: { readonly error: unknown } | undefined;
  /** Of things with work under way: when the last of it is done. */
  private readonly last = new Map<string, Promise<void>>();
  private room: (() => void) | undefined;

  /** @param limit pieces of work under way at once */
  constructor(private readonly limit: number) {}

  /** Starts the work, after all earlier work of the same key. Call only after `hasRoom` was awaited. */
  start(key: string, work: () => Promise<void>): void {
    this.running += 1;
    const before = this.last.get(key);
    const done = (before ? before.then(work) : work())
      .catch((error: unknown) => {
        // The first failure ends the run; what comes after it is of no more interest.
        this.failure ??= { error };
      })
      .finally(() => {
        this.running -= 1;
        if (this.last.get(key) === done) this.last.delete(key);
        this.room?.();
      });
    this.last.set(key, done);
  }

  /** @throws what the first piece of work that failed threw */
  hasRoom(): Promise<void> {
    return this.until(() => this.running < this.limit);
  }

  /** @throws what the first piece of work that failed threw */
  isDone(): Promise<void> {
    return this.until(() => this.running === 0);
  }

  /** One caller at a time: whoever reads the source. */
  private async until(met: () => boolean): Promise<void> {
    while (!this.failure && !met()) {
      await new Promise<void>((resolve) => {
        this.room = resolve;
      });
    }
    if (this.failure) throw this.failure.error;
  }
}
