/** The embedded server against a small model of the protocol's rules, under random commands, through the real client. */
import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  FORWARDS,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  jsonEvent,
  streamNameFilter,
  type AllStreamSubscription,
  type Direction,
  type ResolvedEvent,
  type StreamSubscription,
} from '@eventstore/db-client';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { EventStoreModel, TOMBSTONE, type Answer, type Expected } from '../support/event-store-model.js';
import { client } from '../support/event-store-client.js';

beforeAll(async () => {
  // Opens the client's batch append call: while it opens it, the client does not keep its appends in order.
  await client.appendToStream('first', jsonEvent({ type: 'model.Began', data: {} }));
});

const STREAMS = 3;
/** Few ids, so that the same come again; those above `OWN_IDS` are shared by all streams. */
const OWN_IDS = 5;
const IDS = 7;

/** `behind` counts from the stream's last revision: 0 is right, -1 is one too few, 1 one too many. */
type Expectation = 'any' | 'no_stream' | 'stream_exists' | { readonly behind: number };

interface Append {
  readonly stream: number;
  readonly ids: readonly number[];
  readonly expected: Expectation;
}
type Command =
  | ({ readonly kind: 'append' } & Append)
  | { readonly kind: 'appends'; readonly appends: readonly Append[] }
  | {
      readonly kind: 'delete' | 'tombstone';
      readonly stream: number;
      readonly expected: Exclude<Expectation, 'stream_exists'>;
    }
  | { readonly kind: 'metadata'; readonly stream: number; readonly maxCount?: number; readonly truncateBefore?: number }
  | {
      readonly kind: 'read';
      readonly stream: number;
      readonly direction: Direction;
      readonly from: number;
      readonly count: number;
    };

const stream = fc.nat({ max: STREAMS - 1 });
const expected: fc.Arbitrary<Expectation> = fc.oneof(
  fc.constantFrom<Expectation>('any', 'no_stream', 'stream_exists'),
  fc.record({ behind: fc.integer({ min: -3, max: 1 }) }),
  fc.constant({ behind: 0 }),
);
/** The client can't ask a delete for a stream that exists. */
const removal = expected.map((one) => (one === 'stream_exists' ? 'any' : one));
const append = (idCount: number): fc.Arbitrary<Append> =>
  fc.record({ stream, ids: fc.array(fc.nat({ max: idCount - 1 }), { minLength: 1, maxLength: 3 }), expected });
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: append(IDS).map((one): Command => ({ kind: 'append', ...one })) },
  {
    // At once, on one call: applied in the order in which they are sent.
    weight: 3,
    arbitrary: fc
      .array(append(OWN_IDS), { minLength: 2, maxLength: 8 })
      .map((appends): Command => ({ kind: 'appends', appends })),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), stream, expected: removal }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tombstone' as const), stream, expected: removal }) },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        kind: fc.constant('metadata' as const),
        stream,
        maxCount: fc.integer({ min: 1, max: 5 }),
        truncateBefore: fc.nat({ max: 8 }),
      },
      { requiredKeys: ['kind', 'stream'] },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      stream,
      direction: fc.constantFrom<Direction>(FORWARDS, BACKWARDS),
      from: fc.nat({ max: 12 }),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
);

/** One run: its streams, its model, and what the server did. */
class Run {
  readonly model = new EventStoreModel();
  readonly prefix = `model${randomUUID().slice(0, 8)}`;
  readonly names = Array.from({ length: STREAMS }, (_, n) => `${this.prefix}-${n}`);
  readonly #ids = Array.from({ length: STREAMS }, () => Array.from({ length: OWN_IDS }, () => randomUUID()));
  readonly #shared = Array.from({ length: IDS - OWN_IDS }, () => randomUUID());

  async do(command: Command): Promise<void> {
    switch (command.kind) {
      case 'append':
        await this.#append(command);
        return;
      case 'appends':
        await Promise.all(command.appends.map((one) => this.#append(one)));
        return;
      case 'delete':
      case 'tombstone': {
        const name = this.#name(command.stream);
        const revision = this.#expected(name, command.expected);
        if (revision === 'stream_exists') return;
        const options = { expectedRevision: typeof revision === 'number' ? BigInt(revision) : revision };
        const answer = this.model[command.kind](name, revision);
        await expectAnswer(
          answer,
          command.kind === 'delete' ? client.deleteStream(name, options) : client.tombstoneStream(name, options),
        );
        return;
      }
      case 'metadata': {
        const { kind: _, stream: index, ...metadata } = command;
        const name = this.#name(index);
        await expectAnswer(this.model.setMetadata(name, metadata), client.setStreamMetadata(name, metadata));
        return;
      }
      case 'read': {
        const name = this.#name(command.stream);
        await expectRead(this.model.visible(name), name, command);
        return;
      }
    }
  }

  /** The model decides when the append is sent, since the server takes them in that order. */
  async #append({ stream: index, ids, expected: expectation }: Append): Promise<void> {
    const name = this.#name(index);
    const revision = this.#expected(name, expectation);
    const chosen = ids.map((id) => this.#ids[index]?.[id] ?? this.#shared[id - OWN_IDS] ?? '');
    const answer = this.model.append(name, chosen, revision);
    const events = chosen.map((id) => jsonEvent({ id, type: 'model.Happened', data: {} }));
    await expectAnswer(answer, client.appendToStream(name, events, { expectedRevision: asRevision(revision) }));
  }

  /** Whether an event is of this run's streams or their metadata. */
  readonly owns = ({ event }: ResolvedEvent): boolean =>
    event?.streamId.replace(/^\$\$/, '').startsWith(this.prefix) ?? false;

  #name(index: number): string {
    return this.names[index] ?? '';
  }

  #expected(name: string, expectation: Expectation): Expected {
    if (typeof expectation === 'string') return expectation;
    const revision = this.model.last(name) + expectation.behind;
    return revision < 0 ? 'no_stream' : revision;
  }
}

type Visible = ReturnType<EventStoreModel['visible']>;

const asRevision = (revision: Expected) => (typeof revision === 'number' ? BigInt(revision) : revision);

async function expectRead(
  visible: Visible,
  name: string,
  { direction, from, count }: Extract<Command, { kind: 'read' }>,
): Promise<void> {
  const items = collect(client.readStream(name, { direction, fromRevision: BigInt(from), maxCount: count }));
  if (visible === 'deleted') return expect(items).rejects.toBeInstanceOf(StreamDeletedError);
  if (visible === 'not-found') return expect(items).rejects.toBeInstanceOf(StreamNotFoundError);
  const wanted =
    direction === FORWARDS
      ? visible.filter((revision) => revision >= from)
      : visible.filter((revision) => revision <= from).toReversed();
  return expect((await items).map(({ event }) => Number(event?.revision))).toEqual(wanted.slice(0, count));
}

/** A listener to one stream, from before its first event: everything, live; a tombstone is the end. */
async function expectStream(log: EventStoreModel['log'], listener: Listener | undefined): Promise<void> {
  await listener?.has(log.length);
  expect(listener?.entries).toEqual(entriesOf(log));
  const tombstoned = log.at(-1)?.revision === TOMBSTONE;
  const error = tombstoned ? await listener?.ended : await listener?.leave();
  expect(error instanceof StreamDeletedError).toBe(tombstoned);
}

/** A new listener from the start: what can be read. */
async function expectHistory(visible: Visible, name: string): Promise<void> {
  const late = listen(client.subscribeToStream(name, { fromRevision: START }));
  const error = await Promise.race([late.caughtUp, late.ended]);
  expect(error instanceof StreamDeletedError).toBe(visible === 'deleted');
  const wanted = typeof visible === 'string' ? [] : visible;
  expect(late.entries).toEqual(wanted.map((revision) => `${revision}@${name}`));
  return late.leave();
}

async function expectAnswer(answer: Answer, doing: Promise<unknown>): Promise<void> {
  switch (answer.kind) {
    case 'written': {
      const result = (await doing) as { nextExpectedRevision?: bigint };
      if (result.nextExpectedRevision !== undefined) expect(Number(result.nextExpectedRevision)).toBe(answer.revision);
      return;
    }
    case 'wrong-version': {
      const error = await doing.then(
        () => undefined,
        (caught: unknown) => caught,
      );
      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      // A delete says -1 where an append says no_stream.
      const { actualVersion } = error as WrongExpectedVersionError;
      expect(Number(actualVersion === 'no_stream' ? -1 : actualVersion)).toBe(answer.current);
      return;
    }
    case 'deleted':
      await expect(doing).rejects.toBeInstanceOf(StreamDeletedError);
  }
}

async function collect(read: AsyncIterable<ResolvedEvent>): Promise<ResolvedEvent[]> {
  const all: ResolvedEvent[] = [];
  for await (const item of read) all.push(item);
  return all;
}

/** The position of the newest event. */
async function head() {
  const [newest] = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
  return newest?.event?.position ?? START;
}

interface Listener {
  readonly entries: string[];
  readonly caughtUp: Promise<unknown>;
  readonly ended: Promise<unknown>;
  has(count: number): Promise<unknown>;
  leave(): Promise<void>;
}

function listen(subscription: StreamSubscription | AllStreamSubscription): Listener {
  const entries: string[] = [];
  const waiting = new Set<() => void>();
  (subscription as StreamSubscription).on('data', ({ event }) => {
    entries.push(`${event?.revision}@${event?.streamId}`);
    for (const check of waiting) check();
  });
  return {
    entries,
    caughtUp: new Promise((resolve) => subscription.once('caughtUp', () => resolve(undefined))),
    ended: new Promise((resolve) => subscription.on('error', resolve)),
    has: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (entries.length >= count) resolve(waiting.delete(check));
        };
        waiting.add(check);
        check();
      }),
    leave: () => subscription.unsubscribe(),
  };
}

const entriesOf = (log: EventStoreModel['log']) => log.map(({ stream: name, revision }) => `${revision}@${name}`);

describe('the server does as the model of the protocol says', () => {
  it('whatever is written, deleted, read and listened to', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCommand, { maxLength: 40 }), fc.nat(), async (commands, resumeAt) => {
        const run = new Run();
        const filter = () => streamNameFilter({ regex: `^(\\$\\$)?${run.prefix}` });
        const start = await head();
        const everything = listen(client.subscribeToAll({ filter: filter() }));
        const each = run.names.map((name) => listen(client.subscribeToStream(name)));
        await Promise.all([everything, ...each].map(({ caughtUp }) => caughtUp));

        for (const next of commands) await run.do(next);

        const { log } = run.model;
        const all = entriesOf(log);
        // Live: each event once and in order, of $all and of each stream; a tombstone is the end.
        await everything.has(all.length);
        expect(everything.entries).toEqual(all);
        for (const [index, name] of run.names.entries()) {
          await expectStream(
            log.filter((entry) => entry.stream === name),
            each[index],
          );
        }
        await everything.leave();

        // History: $all both ways shows everything, whatever was deleted; positions grow.
        const forwards = (await collect(client.readAll({ fromPosition: start }))).filter(run.owns);
        expect(forwards.map(({ event }) => `${event?.revision}@${event?.streamId}`)).toEqual(all);
        const ids = forwards.map(({ event }, index) => log[index]?.id && event?.id);
        expect(ids).toEqual(log.map(({ id }) => id));
        const positions = forwards.map(({ event }) => event?.position?.commit ?? 0n);
        const growing = (position: bigint, index: number): boolean => position > (positions[index - 1] ?? -1n);
        expect(positions.every(growing)).toBe(true);
        const count = (await collect(client.readAll({ fromPosition: start }))).length;
        const backwards = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: count }));
        expect(backwards.filter(run.owns).map(({ event }) => event?.position?.commit)).toEqual(positions.toReversed());

        // Resumed: strictly what follows; and a stream from its start is what can be read of it.
        const from = forwards[resumeAt % Math.max(1, forwards.length)]?.event?.position;
        const resumed = listen(client.subscribeToAll({ filter: filter(), fromPosition: from ?? START }));
        await resumed.caughtUp;
        expect(resumed.entries).toEqual(from ? all.slice((resumeAt % forwards.length) + 1) : all);
        await resumed.leave();
        for (const name of run.names) await expectHistory(run.model.visible(name), name);
      }),
      { numRuns: 60, plugins: [fc.interruptAfterTimeLimit(90_000)] },
    );
  }, 180_000);
});
