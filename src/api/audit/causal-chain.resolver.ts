/** Why something happened, and what followed from it: the chain of commands and events around one event. */
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { EventIndexQueries, type EventIndexRecord } from '../../projections/audit/event-index.queries.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { badInput } from '../shared/errors.js';
import { requirePosition } from '../shared/freshness.js';
import type { ApiContext } from '../shared/request-context.js';
import { EVENT_INDEX } from './arguments.js';

interface CausalNode {
  readonly kind: 'COMMAND' | 'EVENT';
  readonly id: string;
  readonly depth: number;
  readonly causedBy: string | null;
  readonly event: EventIndexRecord | null;
}

interface CausalChain {
  readonly event: EventIndexRecord;
  readonly causes: readonly CausalNode[];
  readonly effects: readonly CausalNode[];
  readonly causesCut: boolean;
  readonly effectsCut: boolean;
}

const DEFAULT_DEPTH = 10;
/** Each step is a statement. */
const MAX_DEPTH = 50;
/** An import has led to half a million events. */
const MAX_EFFECTS = 200;

@Resolver('CausalChain')
export class CausalChainResolver {
  constructor(
    private readonly database: ReadDatabase,
    private readonly index: EventIndexQueries,
  ) {}

  @Query('causalChain')
  async chain(
    @Args() args: { eventId: string; depth?: number | null; minPosition?: LogPosition | null },
    @Context() { workspaceId }: ApiContext,
  ): Promise<CausalChain | null> {
    const depth = args.depth ?? DEFAULT_DEPTH;
    if (depth < 1 || depth > MAX_DEPTH)
      throw badInput(`\`depth\` is from 1 to ${MAX_DEPTH}; you sent ${depth}.`, 'depth');
    await requirePosition(this.database, EVENT_INDEX, args.minPosition);
    const [event] = await this.index.byIds(workspaceId, [args.eventId]);
    if (!event) return null;
    const { causes, causesCut } = await this.causesOf(workspaceId, event, depth);
    const { effects, effectsCut } = await this.effectsOf(workspaceId, event, depth);
    return { event, causes, effects, causesCut, effectsCut };
  }

  private async causesOf(
    workspaceId: string,
    event: EventIndexRecord,
    depth: number,
  ): Promise<Pick<CausalChain, 'causes' | 'causesCut'>> {
    const causes: CausalNode[] = [];
    const seen = new Set([event.id]);
    for (let at: EventIndexRecord | undefined = event; at;) {
      const { commandId, causationId }: EventIndexRecord = at;
      // The command that stands at the beginning is its own cause.
      const isRoot: boolean = causationId === commandId;
      const cause: EventIndexRecord | undefined = isRoot ? undefined : await this.eventOf(workspaceId, causationId);
      const next: CausalNode[] = [node('COMMAND', commandId, isRoot ? null : (cause?.id ?? causationId))];
      if (cause) next.push(node('EVENT', cause.id, cause.commandId, cause));
      // A command that another command led to, and that left no event of its own.
      else if (!isRoot) next.push(node('COMMAND', causationId, null));
      for (const step of next) {
        if (seen.has(step.id)) return { causes, causesCut: false };
        if (causes.length === depth) return { causes, causesCut: true };
        seen.add(step.id);
        causes.push({ ...step, depth: causes.length + 1 });
      }
      at = cause;
    }
    return { causes, causesCut: false };
  }

  /** What a causation id names: an event, or a sync run, which is known by its first. */
  private async eventOf(workspaceId: string, id: string): Promise<EventIndexRecord | undefined> {
    return (await this.index.byIds(workspaceId, [id]))[0] ?? this.index.firstOf(workspaceId, id);
  }

  private async effectsOf(
    workspaceId: string,
    event: EventIndexRecord,
    depth: number,
  ): Promise<Pick<CausalChain, 'effects' | 'effectsCut'>> {
    const effects: CausalNode[] = [];
    const seen = new Set([event.id]);
    let level: readonly EventIndexRecord[] = [event];
    // A command and its events are two steps.
    for (let at = 1; ; at += 2) {
      const causes = new Map(level.flatMap((cause) => namesOf(cause).map((name) => [name, cause.id])));
      const found = await this.index.causedBy(workspaceId, [...causes.keys()], MAX_EFFECTS + 1);
      level = found.filter(({ id }) => !seen.has(id));
      if (level.length === 0) return { effects, effectsCut: false };
      if (at > depth) return { effects, effectsCut: true };
      for (const effect of level) {
        seen.add(effect.id);
        const causedBy = causes.get(effect.causationId) ?? effect.causationId;
        if (!seen.has(effect.commandId)) effects.push({ ...node('COMMAND', effect.commandId, causedBy), depth: at });
        seen.add(effect.commandId);
        if (at < depth) effects.push({ ...node('EVENT', effect.id, effect.commandId, effect), depth: at + 1 });
        if (effects.length >= MAX_EFFECTS) return { effects: effects.slice(0, MAX_EFFECTS), effectsCut: true };
      }
      if (at >= depth) return { effects, effectsCut: true };
    }
  }
}

const node = (
  kind: CausalNode['kind'],
  id: string,
  causedBy: string | null,
  event: EventIndexRecord | null = null,
): CausalNode => ({ kind, id, depth: 0, causedBy, event });

/** What the causation ids of its effects say: itself, or the run that it began. */
const namesOf = ({ id, thingId, revision }: EventIndexRecord): readonly string[] =>
  revision === 0 ? [id, thingId] : [id];
