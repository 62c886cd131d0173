/**
 * Which events of a build have to wait. An event that can't be applied blocks its stream and its row: later events of either
 * wait behind it, in order, and block theirs in turn; everything else flows on.
 *
 * What is blocked is kept in memory while a runner owns the share, and is exactly what control.parked says: rows are written
 * in the transaction that moves the checkpoint past their events.
 */
import { createHash } from 'node:crypto';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { LoggedEvent } from '../ports/event-log.port.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { positionOf } from './arrival-queue.js';
import type { FoldedBatch } from './batch-writer.js';
import type { ShareId } from './build-registry.js';
import { rowKey } from './fold.js';
import { forgetAttempts, insertHeld, openEvents, type HeldEvent } from './parked-events.js';
import { reasonOf } from './parking-reason.js';
import type { Projection } from './projection.js';

/**
 * With so many blocked streams and rows, or events behind them, something is broken on a large scale: the build stops, before
 * a read model that is mostly missing looks like one that serves.
 */
export const MOST_BLOCKED = { keys: 10_000, events: 100_000 };

/** What of a stretch of the log may be tried, and what has to wait. Both in order. */
export interface Division {
  readonly events: readonly RecordedEvent[];
  /** About what the events take in memory. */
  readonly bytes: number;
  readonly held: readonly HeldEvent[];
}

export class Parking {
  #blocked = new Blocked();
  #events = 0;

  constructor(
    private readonly database: WriteDatabase,
    private readonly projection: Projection,
    private readonly share: ShareId,
  ) {}

  get isEmpty(): boolean {
    return this.#events === 0;
  }

  /** Too much is blocked to go on. */
  get isFull(): boolean {
    return this.#blocked.size > MOST_BLOCKED.keys || this.#events > MOST_BLOCKED.events;
  }

  /** From what is stored; also after anything of it was applied or discarded. */
  async load(): Promise<void> {
    await forgetAttempts(this.database, this.share);
    await this.reload();
  }

  async reload(): Promise<void> {
    const open = await openEvents(this.database, this.share);
    this.#blocked = new Blocked(open);
    this.#events = open.length;
  }

  /** What is divided changes nothing here until it is held: the same stretch may be divided again after a failure. */
  divide(items: readonly LoggedEvent[]): Division {
    const events: RecordedEvent[] = [];
    const held: HeldEvent[] = [];
    let bytes = 0;
    let blocked: Blocked | undefined = this.isEmpty ? undefined : new Blocked([], this.#blocked);
    for (const item of items) {
      if (item.kind === 'event' && !(blocked && this.#waits(item.event, blocked))) {
        events.push(item.event);
        bytes += item.bytes;
        continue;
      }
      const waiting = item.kind === 'event' ? this.heldEvent(item.event) : unreadable(item);
      blocked ??= new Blocked([], this.#blocked);
      blocked.add(waiting);
      held.push(waiting);
    }
    return { events, bytes, held };
  }

  #waits(event: RecordedEvent, blocked: Blocked): boolean {
    return blocked.has({ streamName: event.streamName, rowKey: this.#rowKeyOf(event) });
  }

  /** @param failure when it was tried */
  heldEvent(event: RecordedEvent, failure?: HeldEvent['failure']): HeldEvent {
    const { position, id, type, streamName, revision, metadata } = event;
    return { position, eventId: id, type, streamName, revision, rowKey: this.#rowKeyOf(event), workspaceId: metadata.workspaceId, failure }; // prettier-ignore
  }

  /** A digest: the key itself may be personal. */
  #rowKeyOf(event: RecordedEvent): string | undefined {
    if (this.projection.kind === 'journal') return undefined;
    try {
      const key = this.projection.key(event);
      if (!key) return undefined;
      const text = rowKey(event.metadata.workspaceId, this.projection.table.key, key);
      return createHash('sha256').update(text).digest('base64url').slice(0, 32);
    } catch {
      // That is why it will fail.
      return undefined;
    }
  }

  /** The batch, and in the same transaction what has to wait. */
  with(batch: FoldedBatch | undefined, held: readonly HeldEvent[]): FoldedBatch | undefined {
    if (held.length === 0) return batch;
    return {
      counts: batch?.counts ?? new Map<string, number>(),
      sharesRows: batch?.sharesRows ?? false,
      write: async (session: WriteSession) => {
        await Promise.all([batch?.write(session), insertHeld(session, this.share, held)]);
      },
    };
  }

  /** They are stored. */
  hold(held: readonly HeldEvent[]): void {
    for (const event of held) this.#blocked.add(event);
    this.#events += held.length;
  }
}

/** Streams and rows. */
export class Blocked {
  readonly #streams = new Set<string>();
  readonly #rows = new Set<string>();

  /** @param base what is blocked besides */
  constructor(
    events: readonly Blocking[] = [],
    private readonly base?: Blocked,
  ) {
    for (const event of events) this.add(event);
  }

  get size(): number {
    return this.#streams.size + this.#rows.size;
  }

  has(event: Blocking): boolean {
    const { streamName, rowKey: row } = event;
    return (
      this.#streams.has(streamName) || (row !== undefined && this.#rows.has(row)) || (this.base?.has(event) ?? false)
    );
  }

  add({ streamName, rowKey: row }: Blocking): void {
    this.#streams.add(streamName);
    if (row !== undefined) this.#rows.add(row);
  }
}

type Blocking = Pick<HeldEvent, 'streamName' | 'rowKey'>;

function unreadable(item: Extract<LoggedEvent, { kind: 'malformed' }>): HeldEvent {
  const { id, type, streamName, revision, error } = item;
  return {
    position: positionOf(item),
    eventId: id,
    type,
    streamName,
    revision,
    rowKey: undefined,
    workspaceId: undefined,
    failure: { reason: `it can't be read: ${reasonOf(error)}`, attempts: 1 },
  };
}
