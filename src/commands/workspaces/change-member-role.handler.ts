import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { memberDecider, type MemberState } from '../../domain/workspaces/member.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeMemberRole, changeMemberRoleInput } from './change-member-role.command.js';

@CommandHandler(ChangeMemberRole)
export class ChangeMemberRoleHandler implements ICommandHandler<ChangeMemberRole> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ChangeMemberRole): Promise<CommandResult<MemberState>> {
    const input = checkInput(changeMemberRoleInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'member',
      id: input.memberId,
      decider: memberDecider,
      command: { type: 'changeRole', role: input.role },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
