import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { memberDecider, type MemberState } from '../../domain/workspaces/member.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RenameMember, renameMemberInput } from './rename-member.command.js';

@CommandHandler(RenameMember)
export class RenameMemberHandler implements ICommandHandler<RenameMember> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RenameMember): Promise<CommandResult<MemberState>> {
    const input = checkInput(renameMemberInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'member',
      id: input.memberId,
      decider: memberDecider,
      command: { type: 'rename', name: input.name },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
