import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { memberDecider, type MemberState } from '../../domain/workspaces/member.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RemoveMember, removeMemberInput } from './remove-member.command.js';

@CommandHandler(RemoveMember)
export class RemoveMemberHandler implements ICommandHandler<RemoveMember> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RemoveMember): Promise<CommandResult<MemberState>> {
    const input = checkInput(removeMemberInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'member',
      id: input.memberId,
      decider: memberDecider,
      command: { type: 'remove' },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
