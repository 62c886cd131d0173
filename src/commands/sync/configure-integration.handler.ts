import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { integrationDecider, type IntegrationState } from '../../domain/sync/integration.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ConfigureIntegration, configureIntegrationInput } from './configure-integration.command.js';

@CommandHandler(ConfigureIntegration)
export class ConfigureIntegrationHandler implements ICommandHandler<ConfigureIntegration> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: ConfigureIntegration): Promise<CommandResult<IntegrationState>> {
    const checked = checkInput(configureIntegrationInput, input);
    if (checked instanceof Rejection) return checked;
    const { integrationId, expectedVersion, ...rest } = checked;
    return this.runner.run({
      category: 'integration',
      id: integrationId,
      decider: integrationDecider,
      command: { type: 'configure', ...rest },
      context,
      expectedVersion,
    });
  }
}
