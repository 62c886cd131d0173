/** Says on which day an employee works last. Said again with another day, it corrects the day. */
import { z } from 'zod';
import type { EmployeeState } from '../../domain/attendance/employee.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { expectedVersionSchema } from './attendance.inputs.js';

export const endEmploymentInput = z.object({
  employeeId: z.uuid(),
  /** The last day of work. */
  on: localDateSchema,
  expectedVersion: expectedVersionSchema,
});

export class EndEmployment extends WorkspaceCommand<z.input<typeof endEmploymentInput>, EmployeeState> {}
