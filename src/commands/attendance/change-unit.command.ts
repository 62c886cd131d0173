/** Changes a unit's name or group: what is absent stays, a null group clears it. The code never changes. */
import { z } from 'zod';
import type { UnitState } from '../../domain/attendance/unit.decider.js';
import { WorkspaceCommand } from '../shared/command.js';
import { expectedVersionSchema, shortTextSchema } from './attendance.inputs.js';

export const changeUnitInput = z.object({
  unitId: z.uuid(),
  name: shortTextSchema.optional(),
  group: shortTextSchema.nullish(),
  expectedVersion: expectedVersionSchema,
});

export class ChangeUnit extends WorkspaceCommand<z.input<typeof changeUnitInput>, UnitState> {}
