/**
 * The change feed of this process: one reader of the log, however many subscribers. What it reads goes to groups, one per
 * workspace and set of read models; a group waits until its read models show what it holds, then gives all of it to all
 * its subscribers at once, so that they share their nested reads.
 */
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import { EventLog, type LogItem } from '../../projections/ports/event-log.port.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { ChangeFeed, ChangeHistory, type Change, type ChangeRequest } from '../shared/change-feed.js';
import { unavailable } from '../shared/errors.js';
import type { ApiContext } from '../shared/request-context.js';
import { ChangeSubscriber, type ChangeRoot, type LiveChanges } from './change-subscriber.js';

/** Read from the log and not shown by the read models yet: minutes of a busy workspace. Beyond, its subscribers are ended. */
const MAX_PENDING = 20_000;
/** Read models that stand still so long need an operator; subscribers are told instead of left waiting. */
const MAX_LAG_MS = 60_000;
/** Between two tries to read the log. */
const RETRY_MS = 1_000;
/** A subscriber does not wait longer for the log to be reachable. */
const START_TIMEOUT_MS = 10_000;

@Injectable()
export class LogChangeFeed extends ChangeFeed implements LiveChanges, OnModuleDestroy {
  private readonly logger = new Logger('changes');
  private readonly stopped = new AbortController();
  private readonly groups = new Map<string, Map<string, ChangeGroup>>();
  private reading: Promise<LogPosition | undefined> | undefined;
  /** Where the reader stands: what is behind it has been given to the groups. */
  private seen: LogPosition | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly database: ReadDatabase,
    private readonly history: ChangeHistory,
  ) {
    super();
  }

  override subscribe(
    context: ApiContext,
    field: string,
    request: ChangeRequest,
    payload: (change: Change) => object,
  ): AsyncIterableIterator<ChangeRoot> {
    return new ChangeSubscriber(context, request, field, payload, this, this.history);
  }

  async attach(subscriber: ChangeSubscriber): Promise<LogPosition | undefined> {
    await withTimeout((this.reading ??= this.startReading()), START_TIMEOUT_MS);
    // No await from here on: between the position and the group no change can pass.
    this.groupOf(subscriber).add(subscriber);
    return this.seen;
  }

  detach(subscriber: ChangeSubscriber): void {
    const { workspaceId } = subscriber.context;
    const ofWorkspace = this.groups.get(workspaceId);
    const key = keyOf(subscriber.request.projections);
    const group = ofWorkspace?.get(key);
    if (!ofWorkspace || !group) return;
    group.remove(subscriber);
    if (group.isEmpty) ofWorkspace.delete(key);
    if (ofWorkspace.size === 0) this.groups.delete(workspaceId);
  }

  async shown(projections: readonly string[], position: LogPosition): Promise<void> {
    const deadline = Date.now() + MAX_LAG_MS;
    while (!this.stopped.signal.aborted) {
      if ((await this.database.waitForPosition(projections, position)) === 'reached') return;
      if (Date.now() > deadline)
        throw unavailable("The read models stand still, so changes can't be shown. Subscribe again later.");
    }
  }

  onModuleDestroy(): void {
    this.stopped.abort();
  }

  private groupOf({ context, request }: ChangeSubscriber): ChangeGroup {
    const ofWorkspace = this.groups.get(context.workspaceId) ?? new Map<string, ChangeGroup>();
    this.groups.set(context.workspaceId, ofWorkspace);
    const key = keyOf(request.projections);
    const group = ofWorkspace.get(key) ?? new ChangeGroup((position) => this.shown(request.projections, position));
    ofWorkspace.set(key, group);
    return group;
  }

  /** Resolves once the end of the log is known; the reader goes on until the process stops. */
  private async startReading(): Promise<LogPosition | undefined> {
    while (!this.stopped.signal.aborted) {
      try {
        this.seen = await this.log.head();
        void this.read();
        return this.seen;
      } catch (error) {
        await this.pause(error);
      }
    }
    return undefined;
  }

  private async read(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        for await (const items of this.log.subscribe({ after: this.seen, signal })) this.dispatch(items);
      } catch (error) {
        if (!signal.aborted) await this.pause(error);
      }
    }
  }

  private async pause(error: unknown): Promise<void> {
    this.logger.warn(`the log can't be read, trying again: ${error instanceof Error ? error.message : String(error)}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }

  private dispatch(items: readonly LogItem[]): void {
    for (const item of items) {
      if (item.kind === 'event') {
        const { event } = item;
        const groups = this.groups.get(event.metadata.workspaceId);
        if (groups) {
          const change = changeOf(event);
          for (const group of groups.values()) group.push(change);
        }
        this.seen = event.position;
      } else if (item.kind !== 'caughtUp') {
        this.seen = item.position;
      }
    }
  }
}

/** The subscribers of one workspace that read the same read models. */
class ChangeGroup {
  private readonly subscribers = new Set<ChangeSubscriber>();
  private pending: Change[] = [];
  private delivering = false;

  constructor(private readonly shown: (position: LogPosition) => Promise<void>) {}

  get isEmpty(): boolean {
    return this.subscribers.size === 0;
  }

  add(subscriber: ChangeSubscriber): void {
    this.subscribers.add(subscriber);
  }

  remove(subscriber: ChangeSubscriber): void {
    this.subscribers.delete(subscriber);
  }

  push(change: Change): void {
    if (this.pending.length >= MAX_PENDING)
      return this.failAll(unavailable('The read models are too far behind. Subscribe again from your last cursor.'));
    this.pending.push(change);
    if (!this.delivering) void this.deliver();
  }

  /** What comes while waiting goes with the next round: the slower the read models, the larger the rounds. */
  private async deliver(): Promise<void> {
    this.delivering = true;
    try {
      while (this.pending.length > 0) {
        const round = this.pending;
        this.pending = [];
        const last = round.at(-1);
        if (last) await this.shown(last.position);
        const scope = {};
        for (const change of round) for (const subscriber of this.subscribers) subscriber.offer({ change, scope });
      }
    } catch (error) {
      this.failAll(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.delivering = false;
    }
  }

  private failAll(error: Error): void {
    this.pending = [];
    for (const subscriber of this.subscribers) subscriber.fail(error);
  }
}

/** A UUID and the hyphen before it: a stream is `<category>-<uuid>`. */
const SUFFIX = 37;

const changeOf = ({ position, type, streamName, metadata }: RecordedEvent): Change => ({
  position,
  eventType: type,
  thingId: streamName.slice(1 - SUFFIX),
  category: streamName.slice(0, -SUFFIX),
  actorId: metadata.actor.id,
  correlationId: metadata.$correlationId,
});

const keyOf = (projections: readonly string[]): string => projections.toSorted().join(' ');

async function withTimeout<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(unavailable("The event log can't be reached right now. Subscribe again in a moment.")),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
