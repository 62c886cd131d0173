import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { saleDecider, type SaleState } from '../../domain/sales/sale.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AmendSale, amendSaleInput } from './amend-sale.command.js';

@CommandHandler(AmendSale)
export class AmendSaleHandler implements ICommandHandler<AmendSale> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: AmendSale): Promise<CommandResult<SaleState>> {
    const input = checkInput(amendSaleInput, raw);
    if (input instanceof Rejection) return input;
    const { saleId, lines, reason, expectedVersion, ...header } = input;
    const changes = {
      ...header,
      kind: header.kind ?? undefined,
      reference: header.reference ?? undefined,
      day: header.day ?? undefined,
      soldAt: header.soldAt ?? undefined,
      currency: header.currency ?? undefined,
    };
    return this.runner.run({
      category: 'sale',
      id: saleId,
      decider: saleDecider,
      command: { type: 'amend', changes, lines: lines ?? undefined, reason },
      context,
      expectedVersion,
    });
  }
}
