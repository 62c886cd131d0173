import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { saleDecider, type SaleCommand, type SaleState } from '../../domain/sales/sale.decider.js';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RefundSale, refundSaleInput } from './refund-sale.command.js';
import { SaleCalendar } from './sale-calendar.js';

@CommandHandler(RefundSale)
export class RefundSaleHandler implements ICommandHandler<RefundSale> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly calendar: SaleCalendar,
  ) {}

  async execute({ input: raw, context }: RefundSale): Promise<CommandResult<SaleState>> {
    const input = checkInput(refundSaleInput, raw);
    if (input instanceof Rejection) return input;
    const time = await this.calendar.timeOf(context, { day: input.day });
    if (time instanceof Rejection) return time;
    const { lines, amount, saleId, reason, expectedVersion } = input;
    const command: SaleCommand = {
      type: 'refund',
      refundId: deriveId('refund', context.workspaceId, context.commandId),
      day: time.day,
      what: lines ? { lines } : amount ? { amount } : 'everything',
      reason,
    };
    return this.runner.run({ category: 'sale', id: saleId, decider: saleDecider, command, context, expectedVersion });
  }
}
