/** Cancels a document: what was not given back yet is; nothing of it changes after that. */
import { z } from 'zod';
import type { SaleState } from '../../domain/sales/sale.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { reasonText } from './sales.inputs.js';

export const cancelSaleInput = z.object({
  saleId: z.uuid(),
  /** The workspace's today when absent. */
  day: localDateSchema.nullish(),
  reason: reasonText,
  expectedVersion: z.int().min(0).optional(),
});

export class CancelSale extends WorkspaceCommand<z.input<typeof cancelSaleInput>, SaleState> {}
