import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { integrationDecider, type IntegrationState } from '../../domain/sync/integration.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { EnableIntegration, enableIntegrationInput } from './enable-integration.command.js';

@CommandHandler(EnableIntegration)
export class EnableIntegrationHandler implements ICommandHandler<EnableIntegration> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: EnableIntegration): Promise<CommandResult<IntegrationState>> {
    const checked = checkInput(enableIntegrationInput, input);
    if (checked instanceof Rejection) return checked;
    const { integrationId, expectedVersion, ...rest } = checked;
    return this.runner.run({
      category: 'integration',
      id: integrationId,
      decider: integrationDecider,
      command: { type: 'enable', ...rest },
      context,
      expectedVersion,
    });
  }
}
