import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RenameProject, renameProjectInput } from './rename-project.command.js';

@CommandHandler(RenameProject)
export class RenameProjectHandler implements ICommandHandler<RenameProject> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RenameProject): Promise<CommandResult<ProjectState>> {
    const input = checkInput(renameProjectInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'project',
      id: input.projectId,
      decider: projectDecider,
      command: { type: 'rename', name: input.name },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
