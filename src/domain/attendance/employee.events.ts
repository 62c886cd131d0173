/** People whose presence is recorded. Stream `employee-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';
import { localDateSchema } from '../shared/time.js';

export const employeeDetailsSchema = z.object({
  number: z.string().describe("The employer's own number: `E123`."),
  name: z.string().meta({ personal: true }),
  department: z.string().nullable(),
  title: z.string().nullable(),
  startedOn: localDateSchema.nullable(),
});
export type EmployeeDetails = z.infer<typeof employeeDetailsSchema>;

export const employeeAdded = defineEvent(
  'attendance.EmployeeAdded',
  employeeDetailsSchema.describe('Somebody whose presence is recorded.'),
);
export const employeeChanged = defineEvent(
  'attendance.EmployeeChanged',
  z
    .object({ from: employeeDetailsSchema.partial(), to: employeeDetailsSchema.partial() })
    .describe('Details of an employee: only what changed.'),
);
export const employeeLeft = defineEvent(
  'attendance.EmployeeLeft',
  z.object({ on: localDateSchema }).describe('An employment ended.'),
);

export const employeeEvents = [employeeAdded, employeeChanged, employeeLeft] as const;
export type EmployeeEvent = EventOf<(typeof employeeEvents)[number]>;
