/**
 * All groups of the store: made, changed and deleted one request at a time, kept in `$persistentSubscriptionConfig`, offered
 * what is committed, and given their tick.
 */
import { LRUCache } from 'lru-cache';
import type { FilterDescription } from '../event-filter.js';
import type { LiveLog } from '../live-log.js';
import type { LogReader } from '../log-reader.js';
import type { LogWriter } from '../log-writer.js';
import { MAX_NAME_BYTES } from '../requests.js';
import { notReady, tooBusy } from '../rpc-errors.js';
import type { StoreLog } from '../store-log.js';
import { NO_REVISION, type StoredEvent } from '../stored-event.js';
import { checkpointStream } from './checkpoints.js';
import { alreadyExists, doesNotExist, failed } from './errors.js';
import { eventSource } from './event-source.js';
import {
  ALL,
  readConfig,
  subscriptionId,
  writeConfig,
  type GroupDefinition,
  type StartFrom,
} from './group-definition.js';
import { Group } from './group.js';
import { OwnStreams } from './own-streams.js';
import { parkedStream } from './parked-messages.js';
import type { GroupName, GroupRequest } from './requests.js';

const CONFIG_STREAM = '$persistentSubscriptionConfig';
const TICK_MS = 1_000;
/** Requests that wait for those before them; beyond this many the store is not keeping up. */
const MAX_WAITING = 1_000;
/** Streams whose last group was deleted: asked for, they have an empty list instead of an error. */
const MAX_FORMER_STREAMS = 10_000;

export class PersistentSubscriptions {
  readonly #own: OwnStreams;
  readonly #groups = new Map<string, Group>();
  readonly #byStream = new Map<string, Set<Group>>();
  readonly #formerStreams = new LRUCache<string, true>({ max: MAX_FORMER_STREAMS });
  readonly #closed = new AbortController();
  #ticker: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(
    private readonly writer: LogWriter,
    private readonly reader: LogReader,
    private readonly live: LiveLog,
    private readonly log: StoreLog,
  ) {
    this.#own = new OwnStreams(writer, reader);
  }

  /** Takes up all groups where they were. Before the store serves anybody. */
  async open(): Promise<void> {
    const config = await this.#own.newest(CONFIG_STREAM);
    for (const definition of config ? this.#readConfig(config) : []) {
      try {
        this.#add(this.#newGroup(definition));
      } catch (error) {
        this.log.error(
          { err: error, group: subscriptionId(definition) },
          'a persistent subscription is not understood',
        );
      }
    }
    void this.#dispatch();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#ticker.unref();
  }

  /**
   * Ends the consumers' calls. What is unsettled will be delivered again after the next start, so nothing is waited for:
   * Postgres may be away.
   */
  close(): void {
    this.#closed.abort();
    clearInterval(this.#ticker);
    for (const group of this.#groups.values()) void group.close();
  }

  create(request: GroupRequest & { readonly filter: FilterDescription | undefined }, updatedBy: string): Promise<void> {
    return this.#inTurn(async () => {
      const { stream, group: name } = request;
      if (this.#groups.has(subscriptionId(request))) throw alreadyExists(stream, name);
      requireName(request);
      const group = this.#newGroup({ ...request, startAfter: await this.#startAfter(request, request.startFrom) });
      // Before the configuration is written: a group that begins at the end is there when the first event follows.
      this.#add(group);
      try {
        await this.#save(updatedBy);
      } catch (error) {
        this.#remove(group);
        await group.close();
        throw error;
      }
    });
  }

  /** The filter stays; consumers are dropped; a checkpoint counts for more than where to start. */
  update(request: GroupRequest, updatedBy: string): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.get(request);
      const { filter } = before.definition;
      const startAfter = await this.#startAfter({ ...request, filter }, request.startFrom);
      await this.#save(updatedBy, (definition) =>
        definition === before.definition ? { ...request, filter, startAfter } : definition,
      );
      await this.#replace(before, { ...request, filter, startAfter });
    });
  }

  delete(name: GroupName, updatedBy: string): Promise<void> {
    return this.#inTurn(async () => {
      const group = this.get(name);
      await this.#save(updatedBy, (definition) => (definition === group.definition ? undefined : definition));
      this.#remove(group);
      await group.close();
      await Promise.all([this.#own.delete(checkpointStream(name)), this.#own.delete(parkedStream(name))]);
    });
  }

  /** Starts all groups anew, from their checkpoints. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      const groups = Array.from(this.#groups.values());
      for (const group of groups) await this.#replace(group, group.definition);
    });
  }

  /** @throws RpcError when there is no such group */
  get(name: GroupName): Group {
    const group = this.#groups.get(subscriptionId(name));
    if (!group || group.definition.stream !== name.stream) throw doesNotExist(name.stream, name.group);
    return group;
  }

  /** @param stream `$all`, a stream, or undefined for the groups of everything @throws RpcError */
  list(stream: string | undefined): readonly Group[] {
    if (stream === undefined) return [...this.#groups.values()];
    const groups = this.#byStream.get(stream);
    if (!groups && !this.#formerStreams.has(stream)) throw doesNotExist(stream, '');
    return [...(groups ?? [])];
  }

  #newGroup(definition: GroupDefinition): Group {
    return new Group(definition, this.reader, this.#own, this.live, this.log);
  }

  #add(group: Group): void {
    const { stream } = group.definition;
    this.#groups.set(subscriptionId(group.definition), group);
    const beside = this.#byStream.get(stream);
    if (beside) beside.add(group);
    else this.#byStream.set(stream, new Set([group]));
    void group.start();
  }

  #remove(group: Group): void {
    const { stream } = group.definition;
    this.#groups.delete(subscriptionId(group.definition));
    const beside = this.#byStream.get(stream);
    beside?.delete(group);
    if (beside?.size !== 0) return;
    this.#byStream.delete(stream);
    this.#formerStreams.set(stream, true);
  }

  async #replace(group: Group, definition: GroupDefinition): Promise<void> {
    this.#remove(group);
    // A checkpoint under way would count for nothing, and the next one be lower.
    await group.close();
    this.#add(this.#newGroup(definition));
  }

  async #startAfter(request: GroupName & { filter: FilterDescription | undefined }, from: StartFrom): Promise<number> {
    const beforeFirst = request.stream === ALL ? 0 : NO_REVISION;
    if (from === 'start') return beforeFirst;
    if (from !== 'end') return from - 1;
    return (await eventSource(request, this.reader, this.live).last()) ?? beforeFirst;
  }

  async #save(
    updatedBy: string,
    change: (definition: GroupDefinition) => GroupDefinition | undefined = (definition) => definition,
  ): Promise<void> {
    if (!this.writer.ready) throw notReady();
    const definitions = [...this.#groups.values()].flatMap((group) => change(group.definition) ?? []);
    const state = await this.#own.state(CONFIG_STREAM);
    if (state.last === NO_REVISION) await this.#own.setMetadata(CONFIG_STREAM, { $maxCount: 2 });
    await this.#own.append(CONFIG_STREAM, {
      type: '$PersistentConfig',
      isJson: true,
      data: writeConfig(definitions, updatedBy, new Date()),
      metadata: Buffer.alloc(0),
    });
  }

  #readConfig(event: StoredEvent): GroupDefinition[] {
    try {
      return readConfig(event.data);
    } catch (error) {
      this.log.error({ err: error }, `${CONFIG_STREAM} is not understood: no persistent subscription is taken up`);
      return [];
    }
  }

  /** One at a time: each writes the whole configuration. */
  async #inTurn(run: () => Promise<void>): Promise<void> {
    if (this.#waiting >= MAX_WAITING) throw tooBusy();
    this.#waiting++;
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      this.#waiting--;
    }
  }

  async #dispatch(): Promise<void> {
    const { signal } = this.#closed;
    for (let seen = this.live.head; !signal.aborted;) {
      await this.live.beyond(seen, signal);
      if (this.#groups.size === 0) seen = this.live.head;
      for (let event = this.live.get(seen + 1); event; event = this.live.get(seen + 1)) {
        seen = event.position;
        for (const stream of [ALL, event.stream]) this.#offer(stream, event);
      }
      if (seen >= this.live.head) continue;
      seen = this.live.head;
      for (const group of this.#groups.values()) group.fallBehind();
    }
  }

  #offer(stream: string, event: StoredEvent): void {
    for (const group of this.#byStream.get(stream) ?? []) {
      try {
        group.offer(event);
      } catch (error) {
        // The others must get theirs; this one reads again what it could not take.
        this.log.error({ err: error, group: subscriptionId(group.definition) }, 'a persistent subscription failed');
        group.fallBehind();
      }
    }
  }

  #tick(): void {
    const now = Date.now();
    for (const group of this.#groups.values()) {
      try {
        group.tick(now);
      } catch (error) {
        this.log.error({ err: error, group: subscriptionId(group.definition) }, 'a persistent subscription failed');
      }
    }
  }
}

/** The names of the group's own streams must be names that can be stored. */
function requireName(name: GroupName): void {
  const { stream, group } = name;
  if (group === '' || group.includes('\0'))
    throw failed(stream, group, 'A group name must not be empty or contain NUL');
  if (Buffer.byteLength(`$$${checkpointStream(name)}`) > MAX_NAME_BYTES) {
    throw failed(stream, group, `The names of stream and group are too long: at most ${MAX_NAME_BYTES} bytes together`);
  }
}
