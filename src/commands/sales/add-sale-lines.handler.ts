import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { saleDecider, type SaleState } from '../../domain/sales/sale.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AddSaleLines, addSaleLinesInput } from './add-sale-lines.command.js';

@CommandHandler(AddSaleLines)
export class AddSaleLinesHandler implements ICommandHandler<AddSaleLines> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: AddSaleLines): Promise<CommandResult<SaleState>> {
    const input = checkInput(addSaleLinesInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'sale',
      id: input.saleId,
      decider: saleDecider,
      command: { type: 'addLines', lines: input.lines },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
