/** Members over GraphQL. */
import { CommandBus } from '@nestjs/cqrs';
import { Args, Context, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { Accepted } from '../../commands/shared/command.js';
import { AddMember, type MemberState } from '../../commands/workspaces/add-member.command.js';
import { ChangeMemberRole } from '../../commands/workspaces/change-member-role.command.js';
import { RemoveMember } from '../../commands/workspaces/remove-member.command.js';
import { RenameMember } from '../../commands/workspaces/rename-member.command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { memberEvents } from '../../domain/workspaces/member.events.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import {
  memberOrder,
  memberOrderWithoutNames,
  MemberQueries,
  type MemberRecord,
} from '../../projections/workspaces/members.queries.js';
import { ChangeFeed } from '../shared/change-feed.js';
import { connection, type Connection, type PageArguments } from '../shared/connection.js';
import { requirePosition } from '../shared/freshness.js';
import { mutate, type InputOf, type MutationPayload } from '../shared/mutate.js';
import { hasRole, type ApiContext } from '../shared/request-context.js';
import { MemberLoader } from './member.loader.js';

interface MembersArguments extends PageArguments {
  readonly includeRemoved?: boolean | null;
  readonly minPosition?: LogPosition | null;
}

const seesNames = (context: ApiContext): boolean => hasRole(context, 'member');

@Resolver('Member')
export class MemberResolver {
  constructor(
    private readonly bus: CommandBus,
    private readonly database: ReadDatabase,
    private readonly queries: MemberQueries,
    private readonly members: MemberLoader,
    private readonly changes: ChangeFeed,
  ) {}

  @Query('member')
  async find(
    @Args('id') id: string,
    @Args('minPosition') minPosition: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): Promise<MemberRecord | null> {
    await requirePosition(this.database, ['members'], minPosition);
    return this.members.load(context, id);
  }

  @Query('members')
  async list(@Args() args: MembersArguments, @Context() context: ApiContext): Promise<Connection<MemberRecord>> {
    await requirePosition(this.database, ['members'], args.minPosition);
    const order = seesNames(context) ? memberOrder : memberOrderWithoutNames;
    return connection(args, order, (page) =>
      this.queries.page(context.workspaceId, args.includeRemoved ?? false, order, page),
    );
  }

  /** A viewer tells people apart without knowing who they are. */
  @ResolveField('name')
  name(member: MemberRecord, _args: unknown, context: ApiContext): string {
    return seesNames(context) ? member.name : `Member ${member.id.slice(-4)}`;
  }

  /** Addresses are personal: others see names only. */
  @ResolveField('email')
  email(member: MemberRecord, _args: unknown, context: ApiContext): string | null {
    return hasRole(context, 'manager') ? member.email : null;
  }

  @Mutation('addMember')
  add(@Args('input') input: InputOf<AddMember>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, AddMember, input, memberPayload, 'admin');
  }

  @Mutation('renameMember')
  rename(@Args('input') input: InputOf<RenameMember>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RenameMember, input, memberPayload, 'admin');
  }

  @Mutation('changeMemberRole')
  changeRole(
    @Args('input') input: InputOf<ChangeMemberRole>,
    @Context() context: ApiContext,
  ): Promise<MutationPayload> {
    return mutate(this.bus, context, ChangeMemberRole, input, memberPayload, 'admin');
  }

  @Mutation('removeMember')
  remove(@Args('input') input: InputOf<RemoveMember>, @Context() context: ApiContext): Promise<MutationPayload> {
    return mutate(this.bus, context, RemoveMember, input, memberPayload, 'admin');
  }

  @Subscription('memberChanged')
  changed(
    @Args('after') after: LogPosition | null | undefined,
    @Context() context: ApiContext,
  ): ReturnType<ChangeFeed['subscribe']> {
    const types = memberEvents.map(({ type }) => type);
    const request = { filter: { types }, projections: ['members'], after };
    return this.changes.subscribe(context, 'memberChanged', request, ({ thingId }) => ({ memberId: thingId }));
  }
}

@Resolver('MemberChanged')
export class MemberChangedResolver {
  constructor(private readonly members: MemberLoader) {}

  @ResolveField('member')
  member(change: { readonly memberId: string }, _args: unknown, context: ApiContext): Promise<MemberRecord | null> {
    return this.members.load(context, change.memberId);
  }
}

/** A task's people: here, because they are members. */
@Resolver('Task')
export class TaskAssigneesResolver {
  constructor(private readonly members: MemberLoader) {}

  @ResolveField('assignees')
  assignees(
    task: { readonly assigneeIds: readonly string[] },
    _args: unknown,
    context: ApiContext,
  ): Promise<MemberRecord[]> {
    return this.members.loadMany(context, task.assigneeIds);
  }
}

@Resolver('TaskAssignment')
export class TaskAssignmentResolver {
  constructor(private readonly members: MemberLoader) {}

  @ResolveField('member')
  member(assignment: { readonly memberId: string }, _args: unknown, context: ApiContext): Promise<MemberRecord | null> {
    return this.members.load(context, assignment.memberId);
  }
}

const memberPayload = ({ id, state, version }: Accepted<MemberState>): { member: MemberRecord } => {
  const { lifecycle, ...member } = state;
  return { member: { id, ...member, removed: lifecycle === 'removed', version } };
};
