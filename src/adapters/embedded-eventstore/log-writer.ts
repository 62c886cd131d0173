/**
 * The log's single writer. Writes queue in memory and are committed in groups: while one group is being flushed to disk
 * the next one gathers, so one flush serves many writes, positions are gapless and in commit order, and nobody is
 * answered before the commit.
 *
 *   write() ──► queue ──► group: load → decide → INSERT ──committed──► live log, states, answers
 *                 ▲              │ Postgres refuses the group: each write once more, alone
 *                 │              │ connection lost: outcome unknown
 *                 └──────────────┴── on reconnection: committed after all? answer. Otherwise decide again.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { AppendGroup, type WriteOutcome, type WriteRequest } from './append-group.js';
import type { LiveLog } from './live-log.js';
import { NOTE_EVERY_MS, lostEnd, noteReached } from './reached.js';
import type { StoreLog } from './store-log.js';
import { freshStoreEvents } from './system-streams.js';
import { StreamStates } from './stream-states.js';
import { QUERY_TIMEOUT_MS, WriterSession } from './writer-session.js';

/** A group's size bounds how long the first write of it waits for the last. */
const MAX_GROUP_WRITES = 1_024;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
/** Beyond these the writer asks its callers to stop reading from their clients. */
const MAX_QUEUED_WRITES = 16_384;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export type WriteAnswer =
  | WriteOutcome
  /** The disk or the memory under Postgres is full. Nothing was written; the same again succeeds once there is room. */
  | { readonly kind: 'no-room' }
  | { readonly kind: 'failed'; readonly error: Error };

interface QueuedWrite {
  readonly request: WriteRequest;
  readonly bytes: number;
  /** Nobody waits any more, so it is not begun. A write already in a group may still be committed. */
  abandoned: boolean;
  readonly answer: (answer: WriteAnswer) => void;
}

interface DecidedGroup {
  readonly group: AppendGroup;
  readonly writes: readonly [QueuedWrite, WriteOutcome][];
}

/** A write that was handed in. */
export interface PendingWrite {
  /** Nobody waits for the answer any more. */
  abandon(): void;
}

export class LogWriter {
  readonly states = new StreamStates();
  readonly #session: WriterSession;
  #queue: QueuedWrite[] = [];
  #queuedBytes = 0;
  #busy = false;
  #closed = false;
  /** A group whose commit was sent when the connection broke. */
  #inDoubt: DecidedGroup | undefined;
  readonly #roomWaiters = new Set<() => void>();
  #lastTime = 0;
  #notedAt = 0;
  /** Told once, not for every write. */
  #outOfRoom = false;

  constructor(
    postgresUrl: string,
    private readonly live: LiveLog,
    private readonly log: StoreLog,
  ) {
    this.#session = new WriterSession(postgresUrl, log, (client) => this.#opened(client));
  }

  /** @throws StoreInUse when another server holds the store */
  open(): Promise<void> {
    return this.#session.open().then(() => this.#pump());
  }

  /** Whether writes can be committed now. */
  get ready(): boolean {
    return this.#session.client !== undefined;
  }

  /** Lets the group under way finish; what is still queued fails. */
  async close(): Promise<void> {
    this.#closed = true;
    const failed: WriteAnswer = { kind: 'failed', error: new Error('the event store is shutting down') };
    for (const write of this.#queue.splice(0)) write.answer(failed);
    const { client } = this.#session;
    this.#notedAt = 0;
    if (client) await this.#note(client);
    await this.#session.close();
  }

  /** Queues a write. `answer` is called once, unless the write is abandoned before it was begun. */
  write(request: WriteRequest, answer: (answer: WriteAnswer) => void): PendingWrite {
    let bytes = request.stream.length;
    for (const event of request.events) bytes += event.data.length + event.metadata.length + event.type.length + 64;
    const write: QueuedWrite = { request, bytes, abandoned: false, answer };
    if (this.#closed) {
      answer({ kind: 'failed', error: new Error('the event store is shutting down') });
      return { abandon: () => undefined };
    }
    this.#queue.push(write);
    this.#queuedBytes += bytes;
    this.#schedule();
    return { abandon: () => void (write.abandoned = true) };
  }

  /** Whether callers should stop taking more from their clients until `room()`. */
  get full(): boolean {
    return this.#queue.length >= MAX_QUEUED_WRITES || this.#queuedBytes >= MAX_QUEUED_BYTES;
  }

  /** Resolves when the queue has room again. */
  async room(): Promise<void> {
    while (this.full && !this.#closed) await new Promise<void>((resolve) => this.#roomWaiters.add(resolve));
  }

  #schedule(): void {
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    // Everything that arrived in the same turn of the event loop goes into the same group.
    setImmediate(() => void this.#run());
  }

  /** Where the log ends, now and then. */
  async #note(client: pg.ClientBase): Promise<void> {
    if (Date.now() - this.#notedAt < NOTE_EVERY_MS || this.#session.client !== client) return;
    this.#notedAt = Date.now();
    const silence = setTimeout(() => this.#session.discard(client), QUERY_TIMEOUT_MS);
    try {
      await noteReached(client);
    } catch (error) {
      this.log.warn({ err: error }, 'how far the log goes could not be noted; trying again');
    } finally {
      clearTimeout(silence);
    }
  }

  #pump(): void {
    if (this.#queue.length > 0) this.#schedule();
  }

  async #run(): Promise<void> {
    try {
      for (let client = this.#session.client; client && this.#queue.length > 0; client = this.#session.client) {
        await this.#commit(client, this.#take());
        await this.#note(client);
      }
    } finally {
      this.#busy = false;
    }
  }

  #take(): QueuedWrite[] {
    let count = 0;
    let bytes = 0;
    for (const write of this.#queue) {
      if (count >= MAX_GROUP_WRITES || (count > 0 && bytes + write.bytes > MAX_GROUP_BYTES)) break;
      count++;
      bytes += write.bytes;
    }
    const taken = this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    if (!this.full) {
      for (const wake of this.#roomWaiters) wake();
      this.#roomWaiters.clear();
    }
    return taken.filter((write) => !write.abandoned);
  }

  async #commit(client: pg.ClientBase, writes: readonly QueuedWrite[], suppose = true): Promise<void> {
    if (writes.length === 0) return;
    const group = new AppendGroup(this.states, this.live.head, this.#time(), randomUUID);
    const decided: [QueuedWrite, WriteOutcome][] = [];
    let sent = false;
    // The connection is given up, its queries fail, and what became of the group shows on the next one.
    const silence = setTimeout(() => this.#session.discard(client), QUERY_TIMEOUT_MS);
    try {
      await group.load(
        client,
        writes.map((write) => write.request),
        suppose,
      );
      for (const write of writes) decided.push([write, group.add(write.request)]);
      sent = true;
      if (!(await group.commit(client))) {
        clearTimeout(silence);
        return await this.#commit(client, writes, false);
      }
    } catch (error) {
      clearTimeout(silence);
      await this.#failed(client, writes, error, sent ? { group, writes: decided } : undefined);
      return;
    }
    clearTimeout(silence);
    this.#publish(group, decided);
  }

  #publish(group: AppendGroup, decided: readonly [QueuedWrite, WriteOutcome][]): void {
    if (this.#outOfRoom) this.log.info({}, 'Postgres has room for events again');
    this.#outOfRoom = false;
    group.publish();
    this.live.publish(group.events);
    for (const [write, outcome] of decided) write.answer(outcome);
  }

  async #failed(
    client: pg.ClientBase,
    writes: readonly QueuedWrite[],
    cause: unknown,
    inDoubt: DecidedGroup | undefined,
  ): Promise<void> {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const refusedByPostgres = 'severity' in error && error.severity === 'ERROR';
    if (!refusedByPostgres || this.#session.client !== client) {
      // The connection broke: whether the commit happened shows when it is back, before anything else is written.
      this.#inDoubt = inDoubt;
      if (!inDoubt) this.#requeue(writes);
      this.#session.discard(client);
      return;
    }
    if (isOutOfRoom(error)) {
      // Neither another try nor its neighbours would fare better now.
      if (!this.#outOfRoom) this.log.error({ err: error }, 'Postgres has no room for events; make room, and appends go on by themselves'); // prettier-ignore
      this.#outOfRoom = true;
      for (const write of writes) write.answer({ kind: 'no-room' });
      return;
    }
    if (writes.length > 1) {
      // One write that Postgres can't take must not fail its neighbours.
      for (const [index, write] of writes.entries()) {
        if (this.#session.client !== client) return this.#requeue(writes.slice(index));
        await this.#commit(client, [write]);
      }
      return;
    }
    this.log.error({ err: error }, 'Postgres refused an append');
    for (const write of writes) write.answer({ kind: 'failed', error });
  }

  #requeue(writes: readonly QueuedWrite[]): void {
    this.#queue.unshift(...writes);
    for (const write of writes) this.#queuedBytes += write.bytes;
  }

  /** On every (re)connection, with the lock held: finds where the log ends and settles the group whose outcome was unknown. */
  async #opened(client: pg.ClientBase): Promise<void> {
    const found = await client.query<{ head: string | null }>('SELECT max(position) AS head FROM eventstore.event');
    const head = Number(found.rows[0]?.head ?? 0);
    const doubt = this.#inDoubt;
    if (doubt && (await isCommitted(client, doubt.group))) {
      this.#inDoubt = undefined;
      this.#publish(doubt.group, doubt.writes);
    } else if (doubt) {
      this.#inDoubt = undefined;
      this.#requeue(doubt.writes.map(([write]) => write));
    }
    if (head !== this.live.head) {
      this.states.clear();
      this.live.reset(head);
    }
    if (head === 0) await this.#writeFreshStore(client);
    const lost = await lostEnd(client);
    if (lost) this.log.error({ position: lost.position }, `events are missing: ${lost.message}. Restore a backup`);
    setImmediate(() => this.#pump());
  }

  async #writeFreshStore(client: pg.ClientBase): Promise<void> {
    const group = new AppendGroup(this.states, 0, this.#time(), randomUUID);
    for (const request of freshStoreEvents(randomUUID)) group.add(request);
    await group.commit(client);
    group.publish();
    this.live.publish(group.events);
  }

  /** The clock, never going back: recorded times follow positions. */
  #time(): number {
    this.#lastTime = Math.max(this.#lastTime, Date.now());
    return this.#lastTime;
  }
}

/** SQLSTATE class 53, insufficient resources: the disk is full, out of memory. */
const isOutOfRoom = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && /^53[0-9A-Z]{3}$/.test(error.code);

/** Whether the events of a group are in the log: the first and the last, since a group is written whole or not at all. */
async function isCommitted(client: pg.ClientBase, group: AppendGroup): Promise<boolean> {
  const [first, last] = [group.events[0], group.events.at(-1)];
  // Nothing was to be written: what was decided holds.
  if (!first || !last) return true;
  const found = await client.query<{ position: string; id: string }>(
    'SELECT position, id FROM eventstore.event WHERE position IN ($1, $2)',
    [first.position, last.position],
  );
  const at = new Map(found.rows.map((row) => [Number(row.position), row.id]));
  return at.get(first.position) === first.id && at.get(last.position) === last.id;
}
