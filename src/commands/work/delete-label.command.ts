/** Deletes a label; it disappears from every task. */
import { z } from 'zod';
import type { LabelState } from '../../domain/work/label.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const deleteLabelInput = z.object({
  labelId: z.uuid(),

  expectedVersion: z.int().min(0).optional(),
});

export class DeleteLabel extends WorkspaceCommand<z.input<typeof deleteLabelInput>, LabelState> {}
