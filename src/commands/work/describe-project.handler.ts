import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { DescribeProject, describeProjectInput } from './describe-project.command.js';

@CommandHandler(DescribeProject)
export class DescribeProjectHandler implements ICommandHandler<DescribeProject> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: DescribeProject): Promise<CommandResult<ProjectState>> {
    const input = checkInput(describeProjectInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'project',
      id: input.projectId,
      decider: projectDecider,
      command: { type: 'describe', description: input.description },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
