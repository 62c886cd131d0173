import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { workspaceDecider, type WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeWorkspaceSettings, changeWorkspaceSettingsInput } from './change-workspace-settings.command.js';
import { chosen } from './settings-changes.js';

@CommandHandler(ChangeWorkspaceSettings)
export class ChangeWorkspaceSettingsHandler implements ICommandHandler<ChangeWorkspaceSettings> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ChangeWorkspaceSettings): Promise<CommandResult<WorkspaceState>> {
    const input = checkInput(changeWorkspaceSettingsInput, raw);
    if (input instanceof Rejection) return input;
    const { expectedVersion, ...settings } = input;
    return this.runner.run({
      category: 'workspace',
      id: context.workspaceId,
      decider: workspaceDecider,
      command: { type: 'changeSettings', settings: chosen(settings) },
      context,
      expectedVersion,
    });
  }
}
