/** Read models for operators: how each does, and what can be done about it. */
import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { reject, type Rejection } from '../../domain/shared/rejection.js';
import {
  ProjectionControl,
  type ControlKind,
  type ProjectionStatus,
} from '../../projections/ports/projection-control.port.js';
import { OPERATORS_ONLY, requireOperator, type ApiContext } from '../shared/request-context.js';
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
    if (!context.isOperator) return refused(reject('FORBIDDEN', OPERATORS_ONLY));
    const known = await this.control.names();
    if (!known.includes(name)) {
      return refused(
        reject('NOT_FOUND', `There is no projection of this name; there are ${known.join(', ')}.`, ['name']),
      );
    }
    const outcome = await this.control.request(kind, name, { ...given }, `user:${context.actor.id}`);
    if (outcome && !outcome.accepted) return refused(reject('NOT_ALLOWED_NOW', outcome.message));
    const status = (await this.control.statuses()).find((candidate) => candidate.name === name);
    return {
      projection: status ? toProjection(status) : null,
      message: outcome?.message ?? null,
      isPending: outcome === undefined,
      userErrors: [],
    };
  }
}

const refused = ({ code, message, field }: Rejection): object => ({
  projection: null,
  message: null,
  isPending: false,
  userErrors: [{ code, message, field, details: null }],
});

const toProjection = ({ state, paused, builds, ...status }: ProjectionStatus): object => ({
  ...status,
  state: state.toUpperCase(),
  pausedSince: paused?.since ?? null,
  builds: builds.map((build) => ({ ...build, state: build.state.toUpperCase() })),
});
