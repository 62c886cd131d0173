/** Adds a person whose presence is recorded. The id is derived from the number (`employeeIdOf`). */
import { z } from 'zod';
import type { EmployeeState } from '../../domain/attendance/employee.decider.js';
import { localDateSchema } from '../../domain/shared/time.js';
import { WorkspaceCommand } from '../shared/command.js';
import { naturalKeySchema, shortTextSchema } from './attendance.inputs.js';

export const addEmployeeInput = z.object({
  number: naturalKeySchema,
  name: shortTextSchema,
  department: shortTextSchema.nullish(),
  title: shortTextSchema.nullish(),
  /** The first day of work; without one, presence is expected from the first record on. */
  startedOn: localDateSchema.nullish(),
});

export class AddEmployee extends WorkspaceCommand<z.input<typeof addEmployeeInput>, EmployeeState> {}
