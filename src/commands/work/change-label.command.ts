/** Gives a label another name or color; what is left out stays. */
import { z } from 'zod';
import type { LabelState } from '../../domain/work/label.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { colorSchema, labelNameSchema } from './create-label.command.js';

export const changeLabelInput = z.object({
  labelId: z.uuid(),
  name: labelNameSchema.nullish(),
  color: colorSchema.nullish(),
  expectedVersion: z.int().min(0).optional(),
});

export class ChangeLabel extends WorkspaceCommand<z.input<typeof changeLabelInput>, LabelState> {}
