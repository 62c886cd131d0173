import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { memberDecider, type MemberState } from '../../domain/workspaces/member.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AddMember, addMemberInput } from './add-member.command.js';

@CommandHandler(AddMember)
export class AddMemberHandler implements ICommandHandler<AddMember> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: AddMember): Promise<CommandResult<MemberState>> {
    const input = checkInput(addMemberInput, raw);
    if (input instanceof Rejection) return input;
    const { id, name, email, role } = input;
    return this.runner.run({
      category: 'member',
      id: id ?? deriveId('member', context.workspaceId, context.commandId),
      decider: memberDecider,
      command: { type: 'add', name, email: email ?? null, role },
      context,
      firstWrite: true,
    });
  }
}
