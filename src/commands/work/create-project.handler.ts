import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import { DEFAULT_WORKFLOW } from '../../domain/work/workflow.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { CreateProject, createProjectInput } from './create-project.command.js';

@CommandHandler(CreateProject)
export class CreateProjectHandler implements ICommandHandler<CreateProject> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: CreateProject): Promise<CommandResult<ProjectState>> {
    const input = checkInput(createProjectInput, raw);
    if (input instanceof Rejection) return input;
    const { id, key, name, description, workflow } = input;
    return this.runner.run({
      category: 'project',
      id: id ?? deriveId('project', context.workspaceId, key),
      decider: projectDecider,
      command: { type: 'create', key, name, description: description ?? '', workflow: workflow ?? DEFAULT_WORKFLOW },
      context,
      firstWrite: true,
    });
  }
}
