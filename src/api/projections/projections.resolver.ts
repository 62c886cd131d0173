/** Read models for operators: how each does, and what can be done about it. */
import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import {
  ProjectionControl,
  type ControlKind,
  type RequestOutcome,
} from '../../projections/ports/projection-control.port.js';
import { requireOperator, type ApiContext } from '../shared/request-context.js';
import { askAsOperator, toProjection } from './operator-request.js';
import { ProgressFeed, type ProgressRoot } from './progress-feed.js';

interface Named {
  readonly name: string;
}
type RebuildInput = Named & { readonly keep?: boolean | null };
type RollbackInput = Named & { readonly build?: string | null };

@Resolver('Projection')
export class ProjectionsResolver {
  constructor(
    private readonly control: ProjectionControl,
    private readonly progress: ProgressFeed,
  ) {}

  @Query('projections')
  async list(
    @Args('names') names: readonly string[] | null | undefined,
    @Context() context: ApiContext,
  ): Promise<readonly object[]> {
    requireOperator(context);
    const statuses = await this.control.statuses();
    return statuses.filter(({ name }) => names?.includes(name) ?? true).map(toProjection);
  }

  @Mutation('pauseProjection')
  pause(@Args('input') { name }: Named, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'pause', name);
  }

  @Mutation('resumeProjection')
  resume(@Args('input') { name }: Named, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'resume', name);
  }

  @Mutation('rebuildProjection')
  rebuild(@Args('input') { name, keep }: RebuildInput, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'rebuild', name, keep ? { keep } : {});
  }

  @Mutation('rollbackProjection')
  rollback(@Args('input') { name, build }: RollbackInput, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'rollback', name, build == null ? {} : { to: build });
  }

  @Mutation('abortBuild')
  abort(@Args('input') { name }: Named, @Context() context: ApiContext): Promise<object> {
    return this.ask(context, 'abort', name);
  }

  @Subscription('projectionProgress')
  progressOf(
    @Args('names') names: readonly string[] | null | undefined,
    @Context() context: ApiContext,
  ): AsyncIterableIterator<ProgressRoot> {
    requireOperator(context);
    return this.progress.subscribe(names ?? undefined);
  }

  private async ask(context: ApiContext, kind: ControlKind, name: string, given: object = {}): Promise<object> {
    const request = async (by: string): Promise<RequestOutcome | undefined> =>
      this.control.request(kind, name, { ...given }, by);
    return (await askAsOperator(context, this.control, name, request)).payload;
  }
}
