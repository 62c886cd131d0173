import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { saleDecider, type SaleState } from '../../domain/sales/sale.decider.js';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RecordSale, recordSaleInput } from './record-sale.command.js';
import { SaleCalendar } from './sale-calendar.js';

@CommandHandler(RecordSale)
export class RecordSaleHandler implements ICommandHandler<RecordSale> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly calendar: SaleCalendar,
  ) {}

  async execute({ input: raw, context }: RecordSale): Promise<CommandResult<SaleState>> {
    const input = checkInput(recordSaleInput, raw);
    if (input instanceof Rejection) return input;
    const time = await this.calendar.timeOf(context, input);
    if (time instanceof Rejection) return time;
    const header = {
      kind: input.kind,
      reference: input.reference,
      day: time.day,
      soldAt: time.soldAt,
      currency: input.currency ?? time.currency,
      customerId: input.customerId ?? null,
      customerName: input.customerName ?? null,
      country: input.country ?? null,
      region: input.region ?? null,
      channel: input.channel ?? null,
      shippedOn: input.shippedOn ?? null,
    };
    return this.runner.run({
      category: 'sale',
      id: input.id ?? deriveId('sale', context.workspaceId, context.commandId),
      decider: saleDecider,
      command: { type: 'record', header, lines: input.lines },
      context: { ...context, occurredAt: time.occurredAt },
      firstWrite: true,
    });
  }
}
