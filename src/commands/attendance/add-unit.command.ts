/** Adds a unit whose attendance is counted as a whole. The id is derived from the code (`unitIdOf`). */
import { z } from 'zod';
import type { UnitState } from '../../domain/attendance/unit.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { naturalKeySchema, shortTextSchema } from './attendance.inputs.js';

export const addUnitInput = z.object({
  code: naturalKeySchema,
  name: shortTextSchema,
  /** What units are compared by, such as a borough. */
  group: shortTextSchema.nullish(),
});

export class AddUnit extends WorkspaceCommand<z.input<typeof addUnitInput>, UnitState> {}
