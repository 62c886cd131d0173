/** Makes a label that tasks can carry. */
import { z } from 'zod';
import type { LabelState } from '../../domain/work/label.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export type { LabelState };

export const labelNameSchema = z.string().trim().min(1, 'a label has 1 to 100 characters').max(100);
export const colorSchema = z
  .string()
  .toLowerCase()
  .regex(/^#[0-9a-f]{6}$/, 'a color is # and six hexadecimal digits, such as #0ea5e9');

export const createLabelInput = z.object({
  /** For imported labels, derived from the source and the name. */
  id: z.uuid().optional(),
  name: labelNameSchema,
  color: colorSchema.default('#6b7280'),
});

export class CreateLabel extends WorkspaceCommand<z.input<typeof createLabelInput>, LabelState> {}
