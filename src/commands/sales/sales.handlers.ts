/** What carries out the commands of this capability, and what they need beside the runner. */
import { AddSaleLinesHandler } from './add-sale-lines.handler.js';
import { AmendSaleHandler } from './amend-sale.handler.js';
import { CancelSaleHandler } from './cancel-sale.handler.js';
import { RecordSaleHandler } from './record-sale.handler.js';
import { RefundSaleHandler } from './refund-sale.handler.js';
import { SaleCalendar } from './sale-calendar.js';

export const salesHandlers = [
  SaleCalendar,
  RecordSaleHandler,
  AddSaleLinesHandler,
  AmendSaleHandler,
  RefundSaleHandler,
  CancelSaleHandler,
];
