import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeProjectWorkflow, changeProjectWorkflowInput } from './change-project-workflow.command.js';

@CommandHandler(ChangeProjectWorkflow)
export class ChangeProjectWorkflowHandler implements ICommandHandler<ChangeProjectWorkflow> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ChangeProjectWorkflow): Promise<CommandResult<ProjectState>> {
    const input = checkInput(changeProjectWorkflowInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'project',
      id: input.projectId,
      decider: projectDecider,
      command: { type: 'changeWorkflow', workflow: input.workflow },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
