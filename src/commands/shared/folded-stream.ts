/** What the write side knows of a stream: its events folded to a state, and what it takes to append to it. */
import { LRUCache } from 'lru-cache';
import type { Decider } from '../../domain/shared/decider.js';
import type { DomainEvent } from '../../domain/shared/event.js';
import type { Actor } from '../../domain/shared/metadata.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';

/** The two functions of a decider that folding needs. */
export type Fold<State, Event extends DomainEvent> = Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>;

/** How a thing stood after an event. */
export interface Outcome<State> {
  readonly state: State;
  /** Of the event. */
  readonly revision: number;
  readonly position: LogPosition;
  /** Of the input of its command; undefined where nobody chose the command's id. */
  readonly fingerprint?: string | undefined;
}

/** How it stands after the last event folded in. */
export interface FoldedStream<State> extends Outcome<State> {
  /** Whose stream it is: the workspace of its first event. */
  readonly workspaceId: string;
  /** Who caused the last event. */
  readonly lastActor: Actor;
  /** What each command that wrote to it gave, so that it gives the same when it comes again. Streams are short by design, so this is too. */
  readonly outcomes: ReadonlyMap<string, Outcome<State>>;
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
  const outcomes = new Map(known?.outcomes);
  let state = known ? known.state : fold.initialState;
  for (const event of events) {
    // The store has checked the data against the type; that the stream holds this decider's events is the category's meaning.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    state = fold.evolve(state, event as unknown as Event);
    const { commandId, fingerprint } = event.metadata;
    outcomes.set(commandId, { state, revision: event.revision, position: event.position, fingerprint });
  }
  const workspaceId = known?.workspaceId ?? first.metadata.workspaceId;
  const { revision, position, metadata } = last;
  return { state, revision, position, workspaceId, lastActor: metadata.actor, outcomes, seenAt };
}

/**
 * Streams kept: enough that whoever edits a thing finds it here; and their size, because a description may have 50,000
 * characters.
 */
const MAX_STREAMS = 20_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Of an earlier state, which shares most of its parts with the next. */
const OUTCOME_CHARACTERS = 250;

/** Recently used streams by name. May be behind the log (another process may have written): an append finds out. */
export class FoldedStreams {
  private readonly entries = new LRUCache<string, { evolve: unknown; stream: FoldedStream<unknown> }>({
    max: MAX_STREAMS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ stream }) => weigh(stream.state) + OUTCOME_CHARACTERS * stream.outcomes.size,
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
