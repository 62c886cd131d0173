/** Labels over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { ChangeLabel } from '../../commands/work/change-label.command.js';
import { CreateLabel, type LabelState } from '../../commands/work/create-label.command.js';
import { DeleteLabel } from '../../commands/work/delete-label.command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { labelEvents } from '../../domain/work/label.events.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { labelOrder, LabelQueries, type LabelRecord } from '../../projections/work/labels.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import type { ApiContext } from '../shared/request-context.js';
import { LabelLoader } from './label.loader.js';

interface LabelsArguments extends PageArguments {
  readonly minPosition?: LogPosition | null;
}

@Resolver('Label')
export class LabelResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: LabelQueries,
    private readonly changes: ChangeFeed,
  ) {}

  @Query('labels')
  async list(@Args() args: LabelsArguments, @Context() context: ApiContext): Promise<Connection<LabelRecord>> {
    await requirePosition(this.database, ['labels'], args.minPosition);
    return connection(args, labelOrder, (page) => this.queries.page(context.workspaceId, page));
  }

  @Mutation('createLabel')
  create(@Args('input') input: InputOf<CreateLabel>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, CreateLabel, input, labelPayload);
  }

  @Mutation('changeLabel')
  change(@Args('input') input: InputOf<ChangeLabel>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeLabel, input, labelPayload);
  }

  @Mutation('deleteLabel')
  remove(@Args('input') input: InputOf<DeleteLabel>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, DeleteLabel, input, labelPayload, 'manager');
  }

  @Subscription('labelChanged')
  changed(
    @Args('after') after: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): ReturnType<ChangeFeed['subscribe']> {
    const types = labelEvents.map(({ type }) => type);
    const request = { filter: { types }, projections: ['labels'], after };
    return this.changes.subscribe(context, 'labelChanged', request, ({ thingId }) => ({ labelId: thingId }));
  }
}

@Resolver('LabelChanged')
export class LabelChangedResolver {
  constructor(private readonly labels: LabelLoader) {}

  @ResolveField('label')
  label(change: { readonly labelId: string }, _args: unknown, context: ApiContext): Promise<LabelRecord | null> {
    return this.labels.load(context, change.labelId);
  }
}

const labelPayload = ({ id, state, version }: Accepted<LabelState>): { label: LabelRecord } => ({
  label: { id, name: state.name, color: state.color, version },
});
