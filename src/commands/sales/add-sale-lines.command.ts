/** Adds lines to a recorded document. A line with a number that stands there already, with the same content, adds nothing. */
import { z } from 'zod';
import type { SaleState } from '../../domain/sales/sale.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { saleLinesInput } from './sales.inputs.js';

export const addSaleLinesInput = z.object({
  saleId: z.uuid(),
  lines: saleLinesInput,
  expectedVersion: z.int().min(0).optional(),
});

export class AddSaleLines extends WorkspaceCommand<z.input<typeof addSaleLinesInput>, SaleState> {}
