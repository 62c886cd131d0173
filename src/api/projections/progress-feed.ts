/**
 * How far builds are, for any number of subscribers: while there is one, the process looks once a second and tells all. Nobody
 * subscribed, nothing asked. A subscriber that reads slowly gets the newest of each projection, and misses those between.
 */
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ProjectionControl, type BuildProgress } from '../../projections/ports/projection-control.port.js';

export interface ProjectionProgress {
  readonly projection: string;
  readonly build: string;
  readonly eventsDone: number;
  readonly eventsTotal: number;
  readonly eventsPerSecond: number;
  readonly secondsLeft: number | null;
  readonly isOver: boolean;
}
export type ProgressRoot = Readonly<Record<'projectionProgress', ProjectionProgress>>;

const LOOK_MS = 1_000;
/** Rates are over so many looks: long enough to be calm, short enough to be true. */
const LOOKS = 5;

interface Sample {
  readonly at: number;
  readonly events: number;
}

@Injectable()
export class ProgressFeed implements OnModuleDestroy {
  private readonly logger = new Logger('projections');
  private readonly subscribers = new Set<ProgressSubscriber>();
  private readonly samples = new Map<string, Sample[]>();
  /** By build, as it was last told. */
  private told = new Map<string, ProjectionProgress>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly control: ProjectionControl) {}

  /** @param names of projections; all unless given */
  subscribe(names: readonly string[] | undefined): AsyncIterableIterator<ProgressRoot> {
    const subscriber = new ProgressSubscriber(names && new Set(names), () => this.leave(subscriber));
    // Who comes later learns at once what the others know.
    for (const progress of this.told.values()) subscriber.offer(progress);
    this.subscribers.add(subscriber);
    this.timer ??= setTimeout(() => void this.look());
    return subscriber;
  }

  onModuleDestroy(): void {
    for (const subscriber of this.subscribers) void subscriber.return();
  }

  private leave(subscriber: ProgressSubscriber): void {
    this.subscribers.delete(subscriber);
    if (this.subscribers.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.told.clear();
    this.samples.clear();
  }

  private async look(): Promise<void> {
    try {
      this.tell(await this.control.progress());
    } catch (error) {
      this.logger.warn(
        `how far builds are can't be found out, trying again: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (this.subscribers.size > 0) this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  private tell(builds: readonly BuildProgress[]): void {
    const now = new Map(builds.map((build) => [build.build, this.progressOf(build)]));
    const over = [...this.told.values()].filter(({ build }) => !now.has(build));
    for (const { build } of over) this.samples.delete(build);
    this.told = now;
    const news = [...over.map((last) => ({ ...last, secondsLeft: 0, isOver: true })), ...now.values()];
    for (const subscriber of this.subscribers) for (const progress of news) subscriber.offer(progress);
  }

  private progressOf({ projection, build, events, expected }: BuildProgress): ProjectionProgress {
    const samples = [...(this.samples.get(build) ?? []), { at: performance.now(), events }].slice(-LOOKS);
    this.samples.set(build, samples);
    const [first, last] = [samples[0], samples.at(-1)];
    const seconds = first && last ? (last.at - first.at) / 1_000 : 0;
    const eventsPerSecond = first && last && seconds > 0 ? (last.events - first.events) / seconds : 0;
    const left = Math.max(expected - events, 0);
    return {
      projection,
      build,
      eventsDone: events,
      eventsTotal: Math.max(expected, events),
      eventsPerSecond,
      secondsLeft: left === 0 ? 0 : eventsPerSecond > 0 ? left / eventsPerSecond : null,
      isOver: false,
    };
  }
}

/** Not a generator, whose return would wait for the next news before it lets go. */
class ProgressSubscriber implements AsyncIterableIterator<ProgressRoot> {
  private readonly waiting = new Map<string, ProjectionProgress>();
  private wake: (() => void) | undefined;
  private ended = false;

  constructor(
    private readonly names: ReadonlySet<string> | undefined,
    private readonly leave: () => void,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  offer(progress: ProjectionProgress): void {
    if (this.names && !this.names.has(progress.projection)) return;
    this.waiting.set(progress.build, progress);
    this.wake?.();
  }

  async next(): Promise<IteratorResult<ProgressRoot>> {
    for (;;) {
      const [next] = this.waiting.values();
      if (this.ended) return { done: true, value: undefined };
      if (next) {
        this.waiting.delete(next.build);
        return { done: false, value: { projectionProgress: next } };
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<ProgressRoot>> {
    this.ended = true;
    this.leave();
    this.wake?.();
    return { done: true, value: undefined };
  }
}
