/** Changes an employee's details: what is absent stays, null clears. The number never changes. */
import { z } from 'zod';
import type { EmployeeState } from '../../domain/attendance/employee.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { expectedVersionSchema, shortTextSchema } from './attendance.inputs.js';

export const changeEmployeeInput = z.object({
  employeeId: z.uuid(),
  name: shortTextSchema.optional(),
  department: shortTextSchema.nullish(),
  title: shortTextSchema.nullish(),
  startedOn: localDateSchema.nullish(),
  expectedVersion: expectedVersionSchema,
});

export class ChangeEmployee extends WorkspaceCommand<z.input<typeof changeEmployeeInput>, EmployeeState> {}
