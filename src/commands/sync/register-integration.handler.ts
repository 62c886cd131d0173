import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { integrationDecider, type IntegrationState } from '../../domain/sync/integration.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RegisterIntegration, registerIntegrationInput } from './register-integration.command.js';

@CommandHandler(RegisterIntegration)
export class RegisterIntegrationHandler implements ICommandHandler<RegisterIntegration> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: RegisterIntegration): Promise<CommandResult<IntegrationState>> {
    const checked = checkInput(registerIntegrationInput, input);
    if (checked instanceof Rejection) return checked;
    const { id, ...registration } = checked;
    return this.runner.run({
      category: 'integration',
      id: id ?? deriveId('integration', context.workspaceId, context.commandId),
      decider: integrationDecider,
      command: { type: 'register', registration },
      context,
      firstWrite: true,
    });
  }
}
