/** Integrations over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { ConfigureIntegration } from '../../commands/sync/configure-integration.command.js';
import { DisableIntegration } from '../../commands/sync/disable-integration.command.js';
import { EnableIntegration } from '../../commands/sync/enable-integration.command.js';
import { RegisterIntegration, type IntegrationState } from '../../commands/sync/register-integration.command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { IntegrationQueries, type IntegrationRecord } from '../../projections/sync/integrations.queries.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { IntegrationLoader } from './integration.loader.js';

type MinPosition = LogPosition | null | undefined;

@Resolver('Integration')
export class IntegrationResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: IntegrationQueries,
    private readonly integrations: IntegrationLoader,
  ) {}

  @Query('integrations')
  async list(
    @Args('minPosition') minPosition: MinPosition,
    @Context() context: ApiContext,
  ): Promise<IntegrationRecord[]> {
    await requirePosition(this.database, ['integrations'], minPosition);
    return this.queries.list(context.workspaceId);
  }

  @Query('integration')
  async find(
    @Args('id') id: string,
    @Args('minPosition') minPosition: MinPosition,
    @Context() context: ApiContext,
  ): Promise<IntegrationRecord | null> {
    await requirePosition(this.database, ['integrations'], minPosition);
    return this.integrations.load(context, id);
  }

  @Mutation('registerIntegration')
  register(
    @Args('input') input: InputOf<RegisterIntegration>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, RegisterIntegration, input, integrationPayload, 'admin');
  }

  @Mutation('configureIntegration')
  configure(
    @Args('input') input: InputOf<ConfigureIntegration>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, ConfigureIntegration, input, integrationPayload, 'admin');
  }

  @Mutation('enableIntegration')
  enable(@Args('input') input: InputOf<EnableIntegration>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, EnableIntegration, input, integrationPayload, 'admin');
  }

  @Mutation('disableIntegration')
  disable(@Args('input') input: InputOf<DisableIntegration>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, DisableIntegration, input, integrationPayload, 'admin');
  }
}

const integrationPayload = ({ id, state, version }: Accepted<IntegrationState>): { readonly integration: object } => ({
  integration: { id, ...state, version },
});
