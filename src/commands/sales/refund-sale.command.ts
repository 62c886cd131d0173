/** Gives money back: some lines, or a sum, or everything that is left. */
import { z } from 'zod';
import type { SaleState } from '../../domain/sales/sale.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { decimalText, reasonText } from './sales.inputs.js';

const refundLineInput = z.object({
  lineNo: z.int().min(1),
  quantity: decimalText,
  /** The pieces' share of the line when absent. */
  amount: decimalText.nullish(),
});

export const refundSaleInput = z
  .object({
    saleId: z.uuid(),
    lines: z.array(refundLineInput).min(1).max(1_000).nullish(),
    amount: decimalText.nullish(),
    /** Everything that is left. */
    whole: z.boolean().nullish(),
    /** The workspace's today when absent. */
    day: localDateSchema.nullish(),
    reason: reasonText,
    expectedVersion: z.int().min(0).optional(),
  })
  .refine(({ lines, amount, whole }) => [lines != null, amount != null, whole === true].filter(Boolean).length === 1, {
    message: 'say what to give back by exactly one of lines, amount, or whole: true',
    path: ['amount'],
  });

export class RefundSale extends WorkspaceCommand<z.input<typeof refundSaleInput>, SaleState> {}
