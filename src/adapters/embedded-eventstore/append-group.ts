/**
 * A group of writes on its way into one transaction. Each write is decided on the state that the ones before it leave
 * behind; nothing of that is seen by anybody else until the group is committed, so a group that fails is simply dropped.
 */
import type pg from 'pg';
import { bigintArray, textArray } from './binary-array.js';
import { mayAccess, type Caller } from './security/stream-acl.js';
import {
  EXPECT,
  NO_REVISION,
  TOMBSTONE_REVISION,
  baseOf,
  isMetastream,
  metastreamOf,
  type ProposedEvent,
  type StoredEvent,
} from './stored-event.js';
import { SOFT_DELETE_METADATA, parseStreamMetadata, withTruncateBefore } from './stream-metadata.js';
import {
  lastRevision,
  loadStates,
  softDeleted,
  unknownStream,
  type StreamState,
  type StreamStates,
} from './stream-states.js';
import { decideWrite, type WrittenAt } from './write-decision.js';
import { eventColumns } from './event-columns.js';

export interface WriteRequest {
  readonly kind: 'append' | 'delete' | 'tombstone';
  readonly stream: string;
  /** A revision or one of EXPECT. */
  readonly expected: number;
  /** Empty for delete and tombstone: those events are made here. */
  readonly events: readonly ProposedEvent[];
  /** Who asks; undefined for the store itself, and for everybody where it runs open. */
  readonly by?: Caller | undefined;
}

export type WriteOutcome =
  /** `position` is undefined when there is no event to point at: an empty append. */
  | { readonly kind: 'written'; readonly revision: number; readonly position: number | undefined }
  | { readonly kind: 'wrong-version'; readonly current: number }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'denied' };

export class AppendGroup {
  readonly events: StoredEvent[] = [];
  readonly #states = new Map<string, StreamState>();
  /** Ids at revisions that are not in memory, or not yet. Key: `revision@stream`. */
  readonly #known = new Map<string, WrittenAt & { readonly id: string }>();

  readonly #byId = new Map<string, StoredEvent>();
  /** Streams that are taken for new ones, because somebody expects them to be; `commit` looks. */
  readonly #supposedNew = new Set<string>();

  /**
   * @param head the position of the last committed event
   * @param newId makes the ids of the events that a delete writes
   */
  constructor(
    private readonly committed: StreamStates,
    private readonly head: number,
    private readonly now: number,
    private readonly newId: () => string,
  ) {}

  /**
   * Loads what deciding these writes needs and memory does not have. At most two queries, however many writes.
   * @param suppose takes streams for new where a write says so: nearly all that do are right, and asking first would cost
   * them a second journey to Postgres
   */
  async load(client: pg.ClientBase, requests: readonly WriteRequest[], suppose: boolean): Promise<void> {
    const missing = new Set<string>();
    for (const { kind, stream, expected } of requests) {
      if (this.committed.get(stream)) continue;
      const isNew = suppose && kind === 'append' && expected === EXPECT.noStream && !isMetastream(stream);
      if (isNew) this.#supposedNew.add(stream);
      else missing.add(baseOf(stream));
    }
    for (const base of missing) this.#supposedNew.delete(base);
    if (missing.size > 0) {
      for (const [base, state] of await loadStates(client, [...missing])) this.#states.set(base, state);
    }
    await this.#loadIds(client, requests);
  }

  /** Decides one write and takes its events into the group. The outcome holds once the group is committed. */
  add(request: WriteRequest): WriteOutcome {
    const { stream, expected } = request;
    const state = this.#state(stream);
    const action = request.kind === 'append' ? 'write' : 'delete';
    if (!mayAccess(request.by, action, stream, state.metadata?.parsed.acl, this.committed.defaultAcls)) {
      return { kind: 'denied' };
    }
    const verdict = decideWrite(
      expected,
      // A delete is an event of its own, with an id that was never seen.
      request.kind === 'append' ? request.events.map((event) => event.id) : [this.newId()],
      {
        last: state.last === TOMBSTONE_REVISION ? state.last : lastRevision(state, stream),
        softDeleted: softDeleted(state, stream),
        hasMetadata: !isMetastream(stream) && state.metadata !== undefined,
        // The newest place of an id counts, and what is in this group is newer.
        recent: (id) => this.#inGroup(stream, id) ?? this.committed.recent(stream, id),
        at: (revision, id) => this.#at(stream, revision, id),
      },
    );
    const current = lastRevision(state, stream);
    switch (verdict.kind) {
      case 'deleted':
        return { kind: 'deleted' };
      case 'wrong-version':
        return { kind: 'wrong-version', current };
      case 'idempotent':
        return { kind: 'written', revision: verdict.at.revision, position: verdict.at.position };
      case 'write':
        return this.#write(request, state, current);
    }
  }

  /**
   * One statement, so one transaction and one flush to disk. False when a stream that was taken for new is not: then
   * nothing was written, and no outcome holds.
   */
  async commit(client: pg.ClientBase): Promise<boolean> {
    const { events } = this;
    const supposed = [...this.#supposedNew];
    if (events.length === 0) return supposed.length === 0;
    const { rowCount } = await client.query({
      name: 'append',
      text: `INSERT INTO eventstore.event (position, recorded_at, stream, revision, id, type, is_json, data, metadata, checksum)
             SELECT $1::bigint + n, $2::bigint, stream, revision, id, type, is_json, data, metadata, checksum::integer
               FROM unnest($3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::bool[], $8::bytea[], $9::bytea[], $10::bigint[])
                    WITH ORDINALITY AS e (stream, revision, id, type, is_json, data, metadata, checksum, n)
              WHERE NOT EXISTS (SELECT FROM unnest($11::text[]) AS supposed (stream)
                                 CROSS JOIN LATERAL (SELECT revision FROM eventstore.event WHERE event.stream = supposed.stream
                                                      ORDER BY revision DESC LIMIT 1) there)`,
      values: [
        this.head,
        this.now,
        ...eventColumns(events),
        textArray(supposed.flatMap((stream) => [stream, metastreamOf(stream)])),
      ],
    });
    return rowCount === events.length;
  }

  /** Makes what the group did, or merely learnt, the committed state. */
  publish(): void {
    for (const [base, state] of this.#states) this.committed.set(base, state);
    for (const event of this.events) this.committed.remember(event.stream, event.id, event);
  }

  #write(request: WriteRequest, state: StreamState, current: number): WriteOutcome {
    const { stream } = request;
    if (request.kind === 'delete') {
      // A stream that never was can't be deleted, whatever was expected.
      if (state.last === NO_REVISION && !state.metadata) return { kind: 'wrong-version', current };
      return this.#append(metastreamOf(stream), this.#made('$metadata', SOFT_DELETE_METADATA));
    }
    if (request.kind === 'tombstone') {
      return this.#append(stream, this.#made('$streamDeleted', Buffer.alloc(0)), TOMBSTONE_REVISION);
    }
    if (request.events.length === 0) return { kind: 'written', revision: current, position: undefined };

    let outcome: WriteOutcome | undefined;
    const undelete = softDeleted(state, baseOf(stream));
    for (const event of request.events) outcome = this.#append(stream, event);
    if (undelete) this.#undelete(baseOf(stream), state);
    return outcome ?? { kind: 'written', revision: current, position: undefined };
  }

  /** An append to a soft-deleted stream, or to its metadata, brings it back, with its revisions going on where they were. */
  #undelete(base: string, before: StreamState): void {
    const metadata = this.#state(base).metadata?.raw ?? SOFT_DELETE_METADATA;
    this.#append(metastreamOf(base), this.#made('$metadata', withTruncateBefore(metadata, before.last + 1)));
  }

  #append(
    stream: string,
    event: ProposedEvent,
    revision = lastRevision(this.#state(stream), stream) + 1,
  ): WriteOutcome & { kind: 'written' } {
    const state = this.#state(stream);
    const position = this.head + this.events.length + 1;
    const { id, type, isJson, data, metadata } = event;
    const stored = { position, stream, revision, id, type, isJson, data, metadata, recordedAt: this.now };
    this.events.push(stored);
    this.#byId.set(id, stored);
    this.#known.set(`${revision}@${stream}`, stored);
    this.#states.set(
      baseOf(stream),
      isMetastream(stream)
        ? { last: state.last, metaLast: revision, metadata: { raw: data, parsed: parseStreamMetadata(data) } }
        : { last: revision, metaLast: state.metaLast, metadata: state.metadata },
    );
    return { kind: 'written', revision, position };
  }

  #made(type: string, data: Uint8Array): ProposedEvent {
    return { id: this.newId(), type, isJson: true, data, metadata: Buffer.alloc(0) };
  }

  #state(stream: string): StreamState {
    return this.#states.get(baseOf(stream)) ?? this.committed.get(stream) ?? unknownStream;
  }

  #at(stream: string, revision: number, id: string): WrittenAt | undefined {
    const known = this.#known.get(`${revision}@${stream}`);
    if (known) return known.id === id ? known : undefined;
    const recent = this.committed.recent(stream, id);
    return recent?.revision === revision ? recent : undefined;
  }

  #inGroup(stream: string, id: string): WrittenAt | undefined {
    const event = this.#byId.get(id);
    return event?.stream === stream ? event : undefined;
  }

  /** The ids that stand where a write behind the stream's end would have put its own: is it the same write again? */
  async #loadIds(client: pg.ClientBase, requests: readonly WriteRequest[]): Promise<void> {
    const behind = requests.filter(({ stream, expected, events }) => {
      const first = events[0];
      if (!first || expected < EXPECT.noStream || expected >= lastRevision(this.#state(stream), stream)) return false;
      return events.some((event, index) => !this.#at(stream, expected + 1 + index, event.id));
    });
    if (behind.length === 0) return;
    const answer = await client.query<[string, string, string, string]>({
      name: 'ids-at',
      rowMode: 'array',
      text: `SELECT event.stream, event.revision, event.id, event.position
               FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS wanted (stream, first, last)
               JOIN eventstore.event ON event.stream = wanted.stream AND event.revision BETWEEN first AND last`,
      values: [
        textArray(behind.map(({ stream }) => stream)),
        bigintArray(behind.map(({ expected }) => expected + 1)),
        bigintArray(behind.map(({ expected, events }) => expected + events.length)),
      ],
    });
    for (const [stream, revision, id, position] of answer.rows) {
      this.#known.set(`${revision}@${stream}`, { id, revision: Number(revision), position: Number(position) });
    }
  }
}
