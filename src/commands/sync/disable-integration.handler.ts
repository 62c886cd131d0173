import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { integrationDecider, type IntegrationState } from '../../domain/sync/integration.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { DisableIntegration, disableIntegrationInput } from './disable-integration.command.js';

@CommandHandler(DisableIntegration)
export class DisableIntegrationHandler implements ICommandHandler<DisableIntegration> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: DisableIntegration): Promise<CommandResult<IntegrationState>> {
    const checked = checkInput(disableIntegrationInput, input);
    if (checked instanceof Rejection) return checked;
    const { integrationId, expectedVersion, ...rest } = checked;
    return this.runner.run({
      category: 'integration',
      id: integrationId,
      decider: integrationDecider,
      command: { type: 'disable', ...rest },
      context,
      expectedVersion,
    });
  }
}
