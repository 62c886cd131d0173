/** Who is employed, and since when? */
import { employeeEvents, type EmployeeEvent } from '../../domain/attendance/employee.events.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { defineEntity } from '../engine/projection.js';
import { naturalKey } from './natural-order.js';

export type EmployeeRow = {
  readonly employee_id: string;
  readonly number: string;
  /** The number in natural order: 2 before 10. */
  readonly number_key: string;
  readonly name: string;
  readonly department: string | null;
  readonly title: string | null;
  readonly started_on: string | null;
  readonly left_on: string | null;
  readonly version: number;
};

export const employeesProjection = defineEntity<EmployeeRow>()({
  name: 'employees',
  version: 1,
  events: employeeEvents,
  category: 'employee',
  table: {
    name: 'employees',
    columns: {
      employee_id: 'uuid',
      number: 'text',
      number_key: { type: 'text', collate: 'C' },
      name: 'text',
      department: { type: 'text', nullable: true },
      title: { type: 'text', nullable: true },
      started_on: { type: 'date', nullable: true },
      left_on: { type: 'date', nullable: true },
      version: 'int',
    },
    key: ['employee_id'],
    indexes: [
      // The list of employees, by number.
      '(workspace_id, number_key, employee_id)',
    ],
  },
  key: (event) => ({ employee_id: employeeIdOfStream(event.streamName) }),
  evolve: evolveEmployee,
});

const employeeIdOfStream = (streamName: string): string => streamName.slice('employee-'.length);

export function evolveEmployee(
  row: EmployeeRow | undefined,
  event: RecordedEvent<EmployeeEvent>,
): EmployeeRow | undefined {
  const version = event.revision + 1;
  if (event.type === 'attendance.EmployeeAdded') {
    const { number, name, department, title, startedOn } = event.data;
    const employee_id = employeeIdOfStream(event.streamName);
    const number_key = naturalKey(number);
    return { employee_id, number, number_key, name, department, title, started_on: startedOn, left_on: null, version };
  }
  if (!row) return undefined;
  switch (event.type) {
    case 'attendance.EmployeeChanged': {
      const { name = row.name, department = row.department, title = row.title, startedOn = row.started_on } = event.data.to; // prettier-ignore
      return { ...row, name, department, title, started_on: startedOn, version };
    }
    case 'attendance.EmployeeLeft':
      return { ...row, left_on: event.data.on, version };
  }
}
