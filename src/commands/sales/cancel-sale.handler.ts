import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { saleDecider, type SaleState } from '../../domain/sales/sale.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { CancelSale, cancelSaleInput } from './cancel-sale.command.js';
import { SaleCalendar } from './sale-calendar.js';

@CommandHandler(CancelSale)
export class CancelSaleHandler implements ICommandHandler<CancelSale> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly calendar: SaleCalendar,
  ) {}

  async execute({ input: raw, context }: CancelSale): Promise<CommandResult<SaleState>> {
    const input = checkInput(cancelSaleInput, raw);
    if (input instanceof Rejection) return input;
    const time = await this.calendar.timeOf(context, { day: input.day });
    if (time instanceof Rejection) return time;
    const { saleId, reason, expectedVersion } = input;
    return this.runner.run({
      category: 'sale',
      id: saleId,
      decider: saleDecider,
      command: { type: 'cancel', day: time.day, reason },
      context,
      expectedVersion,
    });
  }
}
