/** The one path of every write over the event store; its rules stand in `decision-runner.ts`. */
import { Injectable } from '@nestjs/common';
import { schemaVersionOf, type DomainEvent } from '../../domain/shared/event.js';
import { deriveId } from '../../domain/shared/ids.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { reject, Rejection } from '../../domain/shared/rejection.js';
import { Clock } from '../ports/clock.port.js';
import { AppendTooLarge } from '../ports/event-store.errors.js';
import { EventStore, type NewEvent } from '../ports/event-store.port.js';
import type { Accepted, CommandContext, CommandResult } from './command.js';
import { DecisionRunner, type DecisionRequest } from './decision-runner.js';
import { foldEvents, FoldedStreams, type Fold, type FoldedStream, type Outcome } from './folded-stream.js';
import { StreamLanes } from './stream-lanes.js';

/** Lost races against other processes before the client is told; more would only add to the crowd. */
const MAX_ATTEMPTS = 5;
/** How old what `peek` gives may be, in milliseconds. */
const PEEK_AGE_MS = 1_000;

/** What is known of a stream when deciding. `fresh`: read from the log just now, not out of the cache or by assumption. */
interface Known<State> {
  readonly stream: FoldedStream<State> | undefined;
  readonly fresh: boolean;
}

@Injectable()
export class EventSourcedDecisionRunner extends DecisionRunner {
  private readonly cache = new FoldedStreams();
  private readonly lanes = new StreamLanes();
  private readonly peeking = new Map<string, Promise<FoldedStream<unknown> | undefined>>();
  /** The highest position seen: an append that answers with one not above it had been done before. */
  private head: LogPosition = { commit: -1n, prepare: -1n };
  /** Until the log's head is known, what was written long ago would look new. */
  private headKnown: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async run<State, Command, Event extends DomainEvent>(
    request: DecisionRequest<State, Command, Event>,
  ): Promise<CommandResult<State>> {
    const streamName = `${request.category}-${request.id}`;
    const askedAt = performance.now();
    const result = this.lanes.run(streamName, () => this.decideAndAppend(streamName, request, askedAt));
    return result ?? reject('CONFLICT', `too many changes of this ${request.category} at once; try again`);
  }

  override async peek<State, Event extends DomainEvent>(
    category: string,
    id: string,
    fold: Fold<State, Event>,
    context: CommandContext,
  ): Promise<{ readonly state: State; readonly version: number } | undefined> {
    const streamName = `${category}-${id}`;
    let stream = this.cache.get(streamName, fold);
    if (!stream || performance.now() - stream.seenAt > PEEK_AGE_MS) stream = await this.peekLog(streamName, fold);
    if (stream?.workspaceId !== context.workspaceId) return undefined;
    return { state: stream.state, version: stream.revision + 1 };
  }

  /** One read for all who peek at the same time. */
  private async peekLog<State, Event extends DomainEvent>(
    streamName: string,
    fold: Fold<State, Event>,
  ): Promise<FoldedStream<State> | undefined> {
    let reading = this.peeking.get(streamName);
    if (!reading) {
      reading = this.load(streamName, fold).finally(() => this.peeking.delete(streamName));
      this.peeking.set(streamName, reading);
    }
    if (!(await reading)) return undefined;
    // The one who read may have folded with another function; then this reads again.
    return this.cache.get(streamName, fold) ?? this.load(streamName, fold);
  }

  private async decideAndAppend<State, Command, Event extends DomainEvent>(
    streamName: string,
    request: DecisionRequest<State, Command, Event>,
    askedAt: number,
  ): Promise<CommandResult<State>> {
    const { decider, command, context } = request;
    let known = await this.know(streamName, request);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS;) {
      const { stream } = known;
      // What a command queued before this one saw of the log meanwhile is as good as a read of its own.
      const fresh = known.fresh || (stream !== undefined && stream.seenAt >= askedAt);
      if (stream && stream.workspaceId !== context.workspaceId) return notFound(request);
      const first = stream?.outcomes.get(context.commandId);
      if (stream && first) return mismatch(request, first) ?? repeated(request, first, stream);

      const decision =
        outdated(request, stream) ?? decider.decide(command, stream ? stream.state : decider.initialState);
      if (!(decision instanceof Rejection) && decision.length > 0) {
        const appended = await this.append(streamName, request, stream, decision);
        if (appended) return appended;
        attempt += 1;
      } else if (fresh) {
        if (decision instanceof Rejection) return decision;
        if (!stream) throw new Error(`a command on ${streamName}, which does not exist, was accepted without an event`);
        return accepted(request, stream, 0);
      }
      // Lost a race, or about to answer from what may be out of date: only the log itself may say no, or that nothing is left to do.
      known = { stream: await this.load(streamName, decider), fresh: true };
    }
    return conflict(request, known.stream);
  }

  private async know<State, Command, Event extends DomainEvent>(
    streamName: string,
    { decider, firstWrite }: DecisionRequest<State, Command, Event>,
  ): Promise<Known<State>> {
    const stream = this.cache.get(streamName, decider);
    if (stream ?? firstWrite) return { stream, fresh: false };
    return { stream: await this.load(streamName, decider), fresh: true };
  }

  /** Reads what the cache does not have yet. */
  private async load<State, Event extends DomainEvent>(
    streamName: string,
    fold: Fold<State, Event>,
  ): Promise<FoldedStream<State> | undefined> {
    const known = this.cache.get(streamName, fold);
    const sentAt = performance.now();
    const slice = await this.store.readStream(streamName, known ? known.revision + 1 : 0);
    const stream = foldEvents(fold, known, slice?.events ?? [], sentAt);
    if (stream) {
      this.see(stream.position);
      this.cache.put(streamName, fold, stream);
    }
    return stream;
  }

  /** Undefined when somebody else wrote first. What the store has no room for is refused: asking again would change nothing. */
  private async append<State, Command, Event extends DomainEvent>(
    streamName: string,
    request: DecisionRequest<State, Command, Event>,
    before: FoldedStream<State> | undefined,
    decided: readonly Event[],
  ): Promise<CommandResult<State> | undefined> {
    const { decider, context } = request;
    const events = this.envelopes(streamName, context, decided);
    await (this.headKnown ??= this.findHead());
    const headBefore = this.head;
    const sentAt = performance.now();
    const result = await this.store.append(streamName, events, before?.revision ?? 'no_stream').catch(refuseTooLarge);
    if (result instanceof Rejection) return result;
    if (result.outcome === 'conflict') return undefined;
    this.see(result.position);
    const isRepetition =
      result.revision !== (before?.revision ?? -1) + events.length || !isAfter(result.position, headBefore);
    if (isRepetition) {
      // The log already held this command's events, written by another process, and kept those instead of these.
      this.cache.drop(streamName);
      return this.firstOutcome(streamName, request);
    }
    const outcome: Outcome<State> = {
      state: fold(decider, before, decided, events),
      revision: result.revision,
      position: result.position,
      fingerprint: context.fingerprint,
    };
    this.cache.put(streamName, decider, {
      ...outcome,
      workspaceId: context.workspaceId,
      lastActor: context.actor,
      outcomes: new Map(before?.outcomes).set(context.commandId, outcome),
      seenAt: sentAt,
    });
    return accepted(request, outcome, events.length);
  }

  private envelopes(streamName: string, context: CommandContext, decided: readonly DomainEvent[]): NewEvent[] {
    const { workspaceId, actor, commandId, fingerprint, correlationId, causationId, source } = context;
    const occurredAt = context.occurredAt ?? this.clock.now();
    return decided.map(({ type, data }, index) => ({
      // With the stream in it: a client that uses one command id for two things must not have one of them taken for the other.
      // And with the input: the store must not take another one for what it has.
      id: deriveId(
        'event',
        workspaceId,
        streamName,
        commandId,
        index,
        ...(fingerprint === undefined ? [] : [fingerprint]),
      ),
      type,
      data,
      metadata: {
        workspaceId,
        actor,
        commandId,
        ...(fingerprint !== undefined && { fingerprint }),
        $correlationId: correlationId,
        $causationId: causationId ?? commandId,
        schemaVersion: schemaVersionOf(type),
        occurredAt,
        ...(source && { source }),
      },
    }));
  }

  /** What the command gave when it was done first, also when the stream has moved on since. */
  private async firstOutcome<State, Command, Event extends DomainEvent>(
    streamName: string,
    request: DecisionRequest<State, Command, Event>,
  ): Promise<CommandResult<State>> {
    const stream = await this.load(streamName, request.decider);
    const first = stream?.outcomes.get(request.context.commandId);
    if (!stream || !first) {
      throw new Error(`the events of command ${request.context.commandId} are gone from ${streamName}`);
    }
    return mismatch(request, first) ?? repeated(request, first, stream);
  }

  private async findHead(): Promise<void> {
    try {
      const head = await this.store.head();
      if (head) this.see(head);
    } catch (error) {
      // The next append asks again.
      this.headKnown = undefined;
      throw error;
    }
  }

  private see(position: LogPosition): void {
    if (isAfter(position, this.head)) this.head = position;
  }
}

/** The decided events in their envelopes, folded as a later reader of the log will fold them. */
const fold = <State, Event extends DomainEvent>(
  decider: Fold<State, Event>,
  before: FoldedStream<State> | undefined,
  decided: readonly Event[],
  envelopes: readonly NewEvent[],
): State =>
  decided.reduce(
    (state, event, index) => decider.evolve(state, { ...event, metadata: envelopes[index]?.metadata }),
    before ? before.state : decider.initialState,
  );

function refuseTooLarge(error: unknown): Rejection {
  if (!(error instanceof AppendTooLarge)) throw error;
  return reject('INVALID', 'this is more than one event can hold, about 1 MiB; shorten its texts or send it in parts');
}

type AnyRequest<State> = Pick<DecisionRequest<State, never, DomainEvent>, 'category' | 'id' | 'expectedVersion'>;

const isAfter = (left: LogPosition, right: LogPosition): boolean =>
  left.commit === right.commit ? left.prepare > right.prepare : left.commit > right.commit;

const accepted = <State>({ id }: AnyRequest<State>, outcome: Outcome<State>, written: number): Accepted<State> => ({
  accepted: true,
  id,
  state: outcome.state,
  version: outcome.revision + 1,
  position: outcome.position,
  written,
});

/** Refuses what is asked under an id that stands for something else. Where one of them has no fingerprint, the id is all there is to go by. */
function mismatch<State>(
  { context, category }: { readonly context: CommandContext; readonly category: string },
  first: Outcome<State>,
): Rejection | undefined {
  const { fingerprint } = context;
  if (fingerprint === undefined || first.fingerprint === undefined || fingerprint === first.fingerprint)
    return undefined;
  return reject(
    'IDEMPOTENCY_MISMATCH',
    `this commandId has changed the ${category} before, with another input; send a new one for a new command`,
    ['commandId'],
  );
}

const repeated = <State>(
  request: AnyRequest<State>,
  first: Outcome<State>,
  { revision, lastActor }: FoldedStream<State>,
): Accepted<State> => ({
  ...accepted(request, first, 0),
  repeated: { changedSinceBy: revision > first.revision ? lastActor : null },
});

/** What the decider says of a thing that does not exist, to the letter: whether somebody else has it must not be told apart. */
function notFound<State, Command, Event extends DomainEvent>({
  category,
  decider,
  command,
}: DecisionRequest<State, Command, Event>): Rejection {
  const decision = decider.decide(command, decider.initialState);
  return decision instanceof Rejection
    ? decision
    : reject('NOT_FOUND', `there is no such ${category} in this workspace`);
}

function outdated<State>(request: AnyRequest<State>, stream: FoldedStream<State> | undefined): Rejection | undefined {
  const { expectedVersion } = request;
  // Of a thing that does not exist the decider says so better.
  if (expectedVersion === undefined || !stream || expectedVersion === stream.revision + 1) return undefined;
  return conflict(request, stream);
}

const conflict = <State>(
  { category, expectedVersion }: AnyRequest<State>,
  stream: FoldedStream<State> | undefined,
): Rejection =>
  reject(
    'CONFLICT',
    `the ${category} was changed meanwhile; look at it as it is now and send its current version`,
    expectedVersion === undefined ? [] : ['expectedVersion'],
    { currentVersion: stream ? stream.revision + 1 : 0 },
  );
