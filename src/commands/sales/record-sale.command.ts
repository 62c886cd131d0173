/** Records a document with its lines: a sale, a credit note or an adjustment. */
import { z } from 'zod';
import type { SaleState } from '../../domain/sales/sale.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { saleHeaderFields, saleLinesInput } from './sales.inputs.js';

export const recordSaleInput = z.object({
  /** Given by connectors, so that the same document is the same sale; otherwise derived from the command. */
  id: z.uuid().optional(),
  ...saleHeaderFields,
  kind: saleHeaderFields.kind.default('sale'),
  /** The workspace's local day of `soldAt` when absent. */
  day: saleHeaderFields.day.nullish(),
  /** Now when absent, unless a day is given: then only the day is known. */
  soldAt: saleHeaderFields.soldAt.nullish(),
  /** The workspace's when absent. */
  currency: saleHeaderFields.currency.nullish(),
  lines: saleLinesInput,
});
export type RecordSaleInput = z.input<typeof recordSaleInput>;

export type { SaleState } from '../../domain/sales/sale.decider.js';

export class RecordSale extends WorkspaceCommand<RecordSaleInput, SaleState> {}
