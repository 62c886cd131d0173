import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { workspaceDecider, type WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RenameWorkspace, renameWorkspaceInput } from './rename-workspace.command.js';

@CommandHandler(RenameWorkspace)
export class RenameWorkspaceHandler implements ICommandHandler<RenameWorkspace> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RenameWorkspace): Promise<CommandResult<WorkspaceState>> {
    const input = checkInput(renameWorkspaceInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'workspace',
      id: context.workspaceId,
      decider: workspaceDecider,
      command: { type: 'rename', name: input.name },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
