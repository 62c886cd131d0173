/** Puts a document right: header fields that are given change; lines, when given, replace all lines. */
import { z } from 'zod';
import type { SaleState } from '../../domain/sales/sale.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { reasonText, saleHeaderFields, saleLinesInput } from './sales.inputs.js';

export const amendSaleInput = z.object({
  saleId: z.uuid(),
  /** Null empties a field that may be empty; for the others it is the same as leaving it out. */
  ...z.object(saleHeaderFields).partial().shape,
  kind: saleHeaderFields.kind.nullish(),
  reference: saleHeaderFields.reference.nullish(),
  day: saleHeaderFields.day.nullish(),
  soldAt: saleHeaderFields.soldAt.nullish(),
  currency: saleHeaderFields.currency.nullish(),
  lines: saleLinesInput.nullish(),
  reason: reasonText,
  expectedVersion: z.int().min(0).optional(),
});

export class AmendSale extends WorkspaceCommand<z.input<typeof amendSaleInput>, SaleState> {}
