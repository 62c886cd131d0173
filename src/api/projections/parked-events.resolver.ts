/** Events that read models could not apply, for operators: they may be of any workspace. */
import { Args, Context, Mutation, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { formatPosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { PARKED_STATES, parkedOrder, type ParkedEvent } from '../../projections/ports/parked-event.js';
import {
  ProjectionControl,
  type ParkedKind,
  type ParkedOutcome,
} from '../../projections/ports/projection-control.port.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requireOperator, type ApiContext } from '../shared/request-context.js';
import { askAsOperator } from './operator-request.js';

interface ParkedArguments extends PageArguments {
  readonly projection?: string | null;
  readonly states?: readonly string[] | null;
}
interface RetryInput {
  readonly name: string;
  readonly position?: LogPosition | null;
}
interface DiscardInput extends RetryInput {
  readonly because: string;
}

@Resolver('ParkedEvent')
export class ParkedEventsResolver {
  constructor(private readonly control: ProjectionControl) {}

  @Query('parkedEvents')
  async list(@Args() args: ParkedArguments, @Context() context: ApiContext): Promise<Connection<ParkedEvent>> {
    requireOperator(context);
    const asked = args.states ?? ['PARKED'];
    const states = PARKED_STATES.filter((state) => asked.includes(state.toUpperCase()));
    const filter = { projection: args.projection ?? undefined, states };
    return connection(args, parkedOrder, async (page) => this.control.parked(filter, page));
  }

  @ResolveField('position')
  position({ commit, prepare }: ParkedEvent): string {
    return `${commit}/${prepare}`;
  }

  @ResolveField('state')
  state({ state }: ParkedEvent): string {
    return state.toUpperCase();
  }

  @ResolveField('since')
  since({ parkedAt }: ParkedEvent): string {
    return parkedAt;
  }

  @ResolveField('isAsked')
  isAsked({ asked }: ParkedEvent): boolean {
    return asked !== null;
  }

  @Mutation('retryParked')
  retry(@Args('input') { name, position }: RetryInput, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'retry-parked', name, position ? { at: formatPosition(position) } : {});
  }

  @Mutation('discardParked')
  discard(@Args('input') { name, position, because }: DiscardInput, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'discard-parked', name, { ...(position && { at: formatPosition(position) }), because });
  }

  private async ask(
    context: ApiContext,
    kind: ParkedKind,
    name: string,
    given: { readonly at?: string; readonly because?: string },
  ): Promise<object> {
    const request = async (by: string): Promise<ParkedOutcome | undefined> =>
      this.control.requestParked(kind, name, given, by);
    const { payload, outcome } = await askAsOperator(context, this.control, name, request);
    const { asked = 0, done = 0, failed = 0, pending = 0 } = outcome ?? {};
    return { ...payload, asked, done, failed, underWay: pending };
  }
}
