import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { DEFAULT_SETTINGS, workspaceDecider, type WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { CreateWorkspace, createWorkspaceInput } from './create-workspace.command.js';
import { chosen } from './settings-changes.js';

@CommandHandler(CreateWorkspace)
export class CreateWorkspaceHandler implements ICommandHandler<CreateWorkspace> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: CreateWorkspace): Promise<CommandResult<WorkspaceState>> {
    const input = checkInput(createWorkspaceInput, raw);
    if (input instanceof Rejection) return input;
    const settings = { ...DEFAULT_SETTINGS, ...chosen(input.settings ?? {}) };
    return this.runner.run({
      category: 'workspace',
      id: context.workspaceId,
      decider: workspaceDecider,
      command: { type: 'create', name: input.name, settings },
      context,
      firstWrite: true,
    });
  }
}
