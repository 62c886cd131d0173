/** What the write side knows of a stream: its events folded to a state, and what it takes to append to it. */
import { LRUCache } from 'lru-cache';
import type { Decider } from '../../domain/shared/decider.js';
import type { DomainEvent } from '../../domain/shared/event.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';

/** The two functions of a decider that folding needs. */
export type Fold<State, Event extends DomainEvent> = Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>;

export interface FoldedStream<State> {
  readonly state: State;
  /** Of the last event folded in. */
  readonly revision: number;
  readonly position: LogPosition;
  /** Whose stream it is: the workspace of its first event. */
  readonly workspaceId: string;
  /** The commands that wrote to it. Streams are short by design, so this is too. */
  readonly commandIds: ReadonlySet<string>;
  /** The log ended here at this time or later, in milliseconds of `performance.now()`: when the read or append was sent. */
  readonly seenAt: number;
}

/** Folds events onto what is known already; undefined when there is nothing to fold. */
export function foldEvents<State, Event extends DomainEvent>(
  fold: Fold<State, Event>,
  known: FoldedStream<State> | undefined,
  events: readonly RecordedEvent[],
  seenAt: number,
): FoldedStream<State> | undefined {
  const first = events[0];
  const last = events.at(-1);
  if (!first || !last) return known && { ...known, seenAt };
  const commandIds = new Set(known?.commandIds);
  let state = known ? known.state : fold.initialState;
  for (const event of events) {
    commandIds.add(event.metadata.commandId);
    // The store has checked the data against the type; that the stream holds this decider's events is the category's meaning.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    state = fold.evolve(state, event as unknown as Event);
  }
  const workspaceId = known?.workspaceId ?? first.metadata.workspaceId;
  return { state, revision: last.revision, position: last.position, workspaceId, commandIds, seenAt };
}

/** Streams kept: enough that whoever edits a thing finds it here; and their size, because a description may have 50,000 characters. */
const MAX_STREAMS = 50_000;
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Recently used streams by name. May be behind the log (another process may have written): an append finds out. */
export class FoldedStreams {
  private readonly entries = new LRUCache<string, { evolve: unknown; stream: FoldedStream<unknown> }>({
    max: MAX_STREAMS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ stream }) => weigh(stream.state) + 40 * stream.commandIds.size,
  });

  get<State, Event extends DomainEvent>(streamName: string, fold: Fold<State, Event>): FoldedStream<State> | undefined {
    const entry = this.entries.get(streamName);
    // Folded by another function it would be another kind of state.
    if (entry?.evolve !== fold.evolve) return undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same function folded it
    return entry.stream as FoldedStream<State>;
  }

  /** Keeps what is newer: a slow reader must not put an older state in the place of a newer one. */
  put<State, Event extends DomainEvent>(
    streamName: string,
    fold: Fold<State, Event>,
    stream: FoldedStream<State>,
  ): void {
    const present = this.get(streamName, fold);
    if (present && present.revision > stream.revision) return;
    this.entries.set(streamName, { evolve: fold.evolve, stream });
  }

  drop(streamName: string): void {
    this.entries.delete(streamName);
  }
}

/** Roughly the characters a state holds; at least 1. */
function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length + 1;
  if (value === null || typeof value !== 'object') return 8;
  let weight = 16;
  if (value instanceof Map) for (const [key, part] of value) weight += weigh(key) + weigh(part);
  else if (value instanceof Set || Array.isArray(value)) for (const part of value) weight += weigh(part);
  else for (const part of Object.values(value)) weight += weigh(part);
  return weight;
}
