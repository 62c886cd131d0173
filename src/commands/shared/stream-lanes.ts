/**
 * Commands of one process on one stream go one after the other: each sees what the one before wrote, so a hot stream does
 * not conflict with itself. Other streams run beside it.
 */

/** Beyond this a caller waits longer than any client would; better to say so at once. */
const MAX_WAITING = 1_000;

export class StreamLanes {
  private readonly lanes = new Map<string, { tail: Promise<unknown>; waiting: number }>();

  /** Runs the work when all earlier work of this stream is done; undefined when too many wait already. */
  run<Result>(streamName: string, work: () => Promise<Result>): Promise<Result> | undefined {
    const lane = this.lanes.get(streamName) ?? { tail: Promise.resolve(), waiting: 0 };
    if (lane.waiting >= MAX_WAITING) return undefined;
    this.lanes.set(streamName, lane);
    lane.waiting += 1;
    const result = lane.tail.then(work);
    const leave = (): void => {
      lane.waiting -= 1;
      if (lane.waiting === 0) this.lanes.delete(streamName);
    };
    // The next one runs whether this one succeeded or not.
    lane.tail = result.then(leave, leave);
    return result;
  }
}
