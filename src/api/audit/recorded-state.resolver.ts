/** A thing as it had been recorded by an instant, and what changed between two: from the log itself. */
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { formatPosition } from '../../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventIndexRecord } from '../../projections/audit/event-index.queries.js';
import { ThingHistory, type ThingState } from '../../projections/engine/thing-history.queries.js';
import { isRecordedBy, type AsOf } from '../../projections/ports/as-of.js';
import { EventStore } from '../../commands/ports/event-store.port.js';
import { badInput } from '../shared/errors.js';
import { requireRole, type ApiContext } from '../shared/request-context.js';
import { diffValues, type FieldChange } from './diff-values.js';

interface LogInstant {
  readonly recordedAt?: string | null;
  readonly position?: LogPosition | null;
}

interface Thing {
  readonly category: string;
  readonly thingId: string;
}

interface RecordedState extends Thing {
  readonly state: Readonly<Record<string, unknown>>;
  readonly revision: number;
  readonly position: string;
  readonly recordedAt: string;
}

interface RecordedDiff extends Thing {
  readonly before: RecordedState | null;
  readonly after: RecordedState | null;
  readonly changes: readonly FieldChange[];
  readonly events: readonly EventIndexRecord[];
  readonly eventsCut: boolean;
}

/** A stream is a task, a sale, a day: most have fewer than twenty. */
const MAX_EVENTS = 500;

@Resolver('RecordedState')
export class RecordedStateResolver {
  constructor(
    private readonly things: ThingHistory,
    private readonly store: EventStore,
  ) {}

  @Query('stateAt')
  async stateAt(
    @Args() { at, ...thing }: Thing & { at: LogInstant },
    @Context() context: ApiContext,
  ): Promise<RecordedState | null> {
    // A state holds what people entered, personal data among it.
    requireRole(context, 'manager');
    return this.state(context, thing, asOf(at, 'at'));
  }

  @Query('diff')
  async diff(
    @Args() { from, to, ...thing }: Thing & { from: LogInstant; to: LogInstant },
    @Context() context: ApiContext,
  ): Promise<RecordedDiff | null> {
    requireRole(context, 'manager');
    const [earlier, later] = [asOf(from, 'from'), asOf(to, 'to')];
    this.checkCategory(thing.category);
    const stream = await this.store.readStream(`${thing.category}-${thing.thingId}`);
    if (stream?.events[0]?.metadata.workspaceId !== context.workspaceId) return null;
    const [before, after] = [await this.state(context, thing, earlier), await this.state(context, thing, later)];
    const events = recordedUntil(stream.events, later).slice(recordedUntil(stream.events, earlier).length);
    return {
      ...thing,
      before,
      after,
      changes: diffValues(before?.state ?? {}, after?.state ?? {}),
      events: events.slice(0, MAX_EVENTS).map(indexed),
      eventsCut: events.length > MAX_EVENTS,
    };
  }

  private async state({ workspaceId }: ApiContext, thing: Thing, instant: AsOf): Promise<RecordedState | null> {
    this.checkCategory(thing.category);
    const found = await this.things.stateAt(workspaceId, thing.category, thing.thingId, instant);
    return found ? { ...thing, ...presented(found) } : null;
  }

  private checkCategory(category: string): void {
    const { categories } = this.things;
    if (!categories.includes(category)) throw badInput(`\`category\` is one of ${categories.join(', ')}.`, 'category');
  }
}

/** @throws BAD_USER_INPUT unless it says exactly one of the two */
function asOf({ recordedAt, position }: LogInstant, argument: string): AsOf {
  if (position != null && recordedAt == null) return { position };
  if (recordedAt != null && position == null) return { recordedAt };
  throw badInput(`\`${argument}\` takes either \`recordedAt\` or \`position\`.`, argument);
}

/** As `stateAt` counts them: what stands before the first that was recorded later. */
function recordedUntil(events: readonly RecordedEvent[], instant: AsOf): readonly RecordedEvent[] {
  const first = events.findIndex((event) => !isRecordedBy(instant, event));
  return first < 0 ? events : events.slice(0, first);
}

function presented({ row, at }: ThingState): Omit<RecordedState, keyof Thing> {
  const fields = Object.entries(row).map(([name, value]) => [camelCase(name), json(value)]);
  const { revision, position, recordedAt } = at;
  return { state: Object.fromEntries(fields), revision, position: formatPosition(position), recordedAt };
}

/** Fields have the names that they have in the API. */
const camelCase = (column: string): string =>
  column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** JSON has no integers of 64 bits. */
const json = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)));

/** As the index has it, but without waiting for the index. */
const indexed = ({
  id,
  type,
  streamName,
  revision,
  position,
  metadata,
  recordedAt,
}: RecordedEvent): EventIndexRecord => ({
  commit: position.commit.toString(),
  prepare: position.prepare.toString(),
  id,
  type,
  category: streamName.slice(0, -37),
  thingId: streamName.slice(-36),
  revision,
  actorKind: metadata.actor.kind,
  actorId: metadata.actor.id,
  commandId: metadata.commandId,
  correlationId: metadata.$correlationId,
  causationId: metadata.$causationId,
  occurredAt: metadata.occurredAt,
  recordedAt,
});
