/**
 * A persistent subscription: one group of consumers that share the events of a stream or of `$all`.
 *
 *   source ──► queue ──strategy──► in flight ──ack, skip──► settled ──► checkpoint
 *                ▲                    │  └────park──► parked stream ──► settled
 *                └──retry, timeout,───┘                    │
 *                   consumer gone                          │
 *                ▲──────────────────replay─────────────────┘
 *
 *   NotReady ──checkpoint read──► Behind (reads history) ◄──► Live (is offered what is committed)
 *
 * What is unsettled holds the checkpoint back, so whatever was not settled when the server dies is delivered again.
 */
import type { LogReader } from '../log-reader.js';
import type { LiveLog } from '../live-log.js';
import type { StoreLog } from '../store-log.js';
import type { ResolvedEvent } from '../messages.js';
import type { StoredEvent } from '../stored-event.js';
import { Checkpoints } from './checkpoints.js';
import { Consumer, type ConsumerChannel, type ConsumerFacts } from './consumer.js';
import { consumerStrategy } from './consumer-strategies.js';
import { dropped, maximumSubscribersReached } from './errors.js';
import { eventSource, type EventSource } from './event-source.js';
import type { GroupDefinition } from './group-definition.js';
import { InFlight } from './in-flight.js';
import { MessageQueue } from './message-queue.js';
import { messageOf, type Message } from './message.js';
import type { OwnStreams } from './own-streams.js';
import { ParkedMessages } from './parked-messages.js';
import { ParkedReplay } from './parked-replay.js';
import { SourceFeed } from './source-feed.js';
import { Unsettled } from './unsettled.js';

export type NackAction = 'park' | 'retry' | 'skip';

const PARK_ATTEMPTS = 5;

export class Group {
  readonly consumers = new Set<Consumer>();
  readonly checkpoints: Checkpoints;
  readonly parked: ParkedMessages;
  readonly queue = new MessageQueue();
  readonly inFlight = new InFlight();
  totalItems = 0;
  readonly #source: EventSource;
  readonly #feed: SourceFeed;
  readonly #strategy;
  readonly #replay: ParkedReplay;
  #ready = false;
  #starting = false;
  #closed = false;
  readonly #unsettled = new Unsettled();
  #pushing = false;
  readonly #parking = new Set<Promise<void>>();
  #measured = { at: Date.now(), items: 0 };

  constructor(
    readonly definition: GroupDefinition,
    reader: LogReader,
    own: OwnStreams,
    liveLog: LiveLog,
    private readonly log: StoreLog,
  ) {
    this.#source = eventSource(definition, reader, liveLog);
    this.#feed = new SourceFeed(this.#source, liveLog, definition.settings, {
      hasRoom: () => !this.#unsettled.full && this.queue.freshCount < this.#bufferSize,
      wantsPage: () => this.#wantsPage,
      take: (event, before) => this.#take(event, before),
      pass: () => void this.#unsettled.advance(),
      taken: () => {
        this.push();
        this.#checkpoint(false);
      },
      failed: (error) => this.#warn(error, 'a persistent subscription could not read on; trying again'),
    });
    this.#strategy = consumerStrategy(definition.settings.strategy);
    this.checkpoints = new Checkpoints(definition, own, log);
    this.parked = new ParkedMessages(definition, own, reader);
    const room = (): number =>
      this.#unsettled.full
        ? 0
        : Math.min(this.#bufferSize - this.queue.replayedCount, definition.settings.readBatchSize);
    this.#replay = new ParkedReplay(this.parked, room, (link) => this.#takeParked(link), log);
  }

  /** As a real node tells it. */
  get status(): string {
    if (!this.#ready) return 'NotReady';
    const states = [this.#feed.live ? 'Live' : 'Behind'];
    if (this.#feed.reading) states.push('OutstandingPageRequest');
    if (this.#replay.running) states.push('ReplayingParkedMessages');
    return states.join(', ');
  }

  get isLive(): boolean {
    return this.#feed.live;
  }

  lastKnownPlace(): Promise<number | undefined> {
    return this.#source.last();
  }

  /** Reads the checkpoint and goes on from there. A failure is logged, and tried again at the next tick. */
  async start(): Promise<void> {
    if (this.#ready || this.#starting || this.#closed) return;
    this.#starting = true;
    try {
      const after = (await this.checkpoints.load()) ?? this.definition.startAfter;
      if (this.#closed) return;
      this.#ready = true;
      this.#feed.start(after);
    } catch (error) {
      this.#warn(error, 'a persistent subscription could not be loaded; trying again');
    } finally {
      this.#starting = false;
    }
  }

  /** Drops all consumers and forgets what is in hand. Resolves when nothing of it is under way to the disk any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#feed.stop();
    this.#replay.close();
    for (const consumer of this.consumers) consumer.drop();
    this.consumers.clear();
    await Promise.all([this.checkpoints.close(), ...this.#parking]);
  }

  /** Messages pushed since this was last asked, and per second. */
  measure(): { readonly items: number; readonly perSecond: number; readonly ms: number } {
    const now = Date.now();
    const items = this.totalItems - this.#measured.items;
    const ms = now - this.#measured.at;
    this.#measured = { at: now, items: this.totalItems };
    return { items, ms, perSecond: ms > 0 ? Math.floor((items * 1_000) / ms) : 0 };
  }

  /** @throws RpcError when the group is full, or was dropped */
  connect(facts: ConsumerFacts, channel: ConsumerChannel): Consumer {
    const { stream, group, settings } = this.definition;
    if (this.#closed) throw dropped(stream, group);
    if (settings.maxSubscriberCount > 0 && this.consumers.size >= settings.maxSubscriberCount) {
      throw maximumSubscribersReached(stream, group);
    }
    const consumer = new Consumer(facts, channel, settings.extraStatistics);
    this.consumers.add(consumer);
    this.#strategy.added(consumer);
    return consumer;
  }

  /** A consumer has gone: what it had in hand is pushed to others. */
  disconnect(consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return;
    this.#strategy.removed(consumer);
    for (const message of this.inFlight.endAllOf(consumer)) this.#again(message);
    this.push();
  }

  /** Whichever consumer has it, a message that is in flight is settled; other ids mean nothing. */
  ack(ids: readonly string[]): void {
    const now = Date.now();
    for (const id of ids) {
      const message = this.inFlight.end(id, now);
      if (message) this.#settle(message);
    }
    this.#checkpoint(false);
    this.push();
  }

  nack(ids: readonly string[], action: NackAction, reason: string): void {
    const now = Date.now();
    for (const id of ids) {
      const message = this.inFlight.end(id, now);
      if (!message) continue;
      if (action === 'retry') this.#retry(message);
      else if (action === 'park') this.#park(message, `Client explicitly NAK'ed message.\n${reason}`);
      else this.#settle(message);
    }
    this.#checkpoint(false);
    this.push();
  }

  replayParked(stopAt: number | undefined): Promise<void> {
    return this.#replay.start(stopAt);
  }

  /** Once a second: what timed out, what is due, and what failed before. */
  tick(now: number): void {
    if (!this.#ready) {
      void this.start();
      return;
    }
    for (const message of this.inFlight.endOlderThan(now - this.definition.settings.messageTimeoutMs, now)) {
      this.#retry(message);
    }
    this.#checkpoint(true);
    this.#replay.truncate();
    this.push();
  }

  /** What has just been committed, in order. */
  offer(event: StoredEvent): void {
    this.#feed.offer(event);
  }

  /** Events may have been missed. */
  fallBehind(): void {
    this.#feed.fallBehind();
  }

  /** Gives consumers what they have room for, and makes up for it from the source. */
  push(): void {
    if (this.#pushing || this.#closed || !this.#ready) return;
    this.#pushing = true;
    const now = Date.now();
    this.queue.drain((message) => {
      const consumer = this.#strategy.choose(message);
      if (consumer === 'full') return 'full';
      if (consumer === 'later') return 'kept';
      this.totalItems++;
      consumer.send(message);
      if (this.inFlight.has(message.id)) {
        // The same id twice in hand: one answer will settle both, so nothing waits for a second.
        this.log.warn({ id: message.id, group: this.definition.group }, 'two messages in flight have the same id');
        this.#settle(message);
      } else {
        this.inFlight.start(message, consumer, now);
      }
      return 'taken';
    });
    this.#pushing = false;
    if (this.#replay.running) void this.#replay.proceed();
    void this.#feed.read();
  }

  get #bufferSize(): number {
    const { liveBufferSize, historyBufferSize } = this.definition.settings;
    return Math.max(1, this.#feed.live ? liveBufferSize : historyBufferSize);
  }

  get #wantsPage(): boolean {
    const { readBatchSize, historyBufferSize } = this.definition.settings;
    const waiting = this.queue.freshCount;
    return !this.#unsettled.full && (waiting === 0 || historyBufferSize - waiting >= readBatchSize);
  }

  #take(resolved: ResolvedEvent, before: number): void {
    const message = messageOf(resolved, this.#unsettled.advance());
    this.#unsettled.hold(message, before);
    this.queue.addFresh(message);
  }

  async #takeParked(link: StoredEvent): Promise<void> {
    const message = messageOf(await this.#source.resolve(link), 0, link.revision);
    this.#unsettled.hold(message, undefined);
    this.queue.addReplayed(message);
    this.push();
  }

  #settle(message: Message): void {
    this.#unsettled.settle(message);
    if (message.parkedAt !== undefined) this.#replay.settled(message.parkedAt);
  }

  #retry(message: Message): void {
    const { maxRetryCount } = this.definition.settings;
    if (message.retryCount >= maxRetryCount) this.#park(message, `Reached retry count of ${maxRetryCount}`);
    else this.#again(message);
  }

  #again(message: Message): void {
    message.retryCount++;
    this.queue.addRetry(message);
  }

  #park(message: Message, reason: string): void {
    const parking = this.#writeParked(message, reason);
    this.#parking.add(parking);
    void parking.then(() => this.#parking.delete(parking));
  }

  /** Settled only when it is on disk among the parked ones. */
  async #writeParked(message: Message, reason: string): Promise<void> {
    for (let attempt = 1; attempt <= PARK_ATTEMPTS && !this.#closed; attempt++) {
      try {
        await this.parked.park(message, reason);
        this.#settle(message);
        this.#checkpoint(false);
        this.push();
        return;
      } catch (error) {
        this.#warn(error, 'a message could not be parked');
      }
    }
    // A real node gives the message up here; pushing it once more loses nothing.
    if (!this.#closed) this.queue.addRetry(message);
  }

  #checkpoint(onTick: boolean): void {
    this.checkpoints.consider(() => this.#unsettled.progress(this.#feed.place), this.#unsettled.sequence, onTick);
  }

  #warn(error: unknown, message: string): void {
    const { stream, group } = this.definition;
    this.log.warn({ err: error, stream, group }, message);
  }
}
