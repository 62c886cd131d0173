import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ArchiveProject, archiveProjectInput } from './archive-project.command.js';

@CommandHandler(ArchiveProject)
export class ArchiveProjectHandler implements ICommandHandler<ArchiveProject> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ArchiveProject): Promise<CommandResult<ProjectState>> {
    const input = checkInput(archiveProjectInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'project',
      id: input.projectId,
      decider: projectDecider,
      command: { type: 'archive' },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
