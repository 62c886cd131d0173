import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RestoreProject, restoreProjectInput } from './restore-project.command.js';

@CommandHandler(RestoreProject)
export class RestoreProjectHandler implements ICommandHandler<RestoreProject> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RestoreProject): Promise<CommandResult<ProjectState>> {
    const input = checkInput(restoreProjectInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'project',
      id: input.projectId,
      decider: projectDecider,
      command: { type: 'restore' },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
