/** An employee: added once, details changed as they change, left on a day. */
import type { Decider } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import type { LocalDate } from '../shared/time.js';
import { changed, changesOf } from './changes.js';
import {
  employeeAdded,
  employeeChanged,
  employeeLeft,
  type EmployeeDetails,
  type EmployeeEvent,
} from './employee.events.js';

export type EmployeeState =
  | { readonly exists: false }
  | ({
      readonly exists: true;
      /** The last day of work; null while employed. */ readonly leftOn: LocalDate | null;
    } & Readonly<EmployeeDetails>);

/** The number is what the employee's id is derived from, so it never changes. */
export type EmployeePatch = {
  readonly [Key in Exclude<keyof EmployeeDetails, 'number'>]?: EmployeeDetails[Key] | undefined;
};

export type EmployeeCommand =
  | { readonly type: 'add'; readonly details: EmployeeDetails }
  | { readonly type: 'change'; readonly patch: EmployeePatch }
  | { readonly type: 'leave'; readonly on: LocalDate };

export const employeeDecider: Decider<EmployeeState, EmployeeCommand, EmployeeEvent> = {
  initialState: { exists: false },

  evolve(state, event) {
    if (event.type === employeeAdded.type) return { exists: true, ...event.data, leftOn: null };
    if (!state.exists) return state;
    switch (event.type) {
      case 'attendance.EmployeeChanged':
        return changed(state, event.data.to);
      case 'attendance.EmployeeLeft':
        return { ...state, leftOn: event.data.on };
    }
  },

  decide(command, state) {
    if (command.type === 'add') {
      if (!state.exists) return [employeeAdded(command.details)];
      return changesOf<EmployeeDetails>(state, command.details)
        ? reject('ALREADY_EXISTS', 'an employee with this number exists; change that one instead', ['number'])
        : [];
    }
    if (!state.exists) return reject('NOT_FOUND', 'there is no such employee');
    switch (command.type) {
      case 'change': {
        const changes = changesOf<EmployeeDetails>(state, command.patch);
        if (!changes) return [];
        const { startedOn } = changes.to;
        if (startedOn && state.leftOn && startedOn > state.leftOn) {
          return reject('INVALID', `the first day can't lie after the last, ${state.leftOn}`, ['startedOn']);
        }
        return [employeeChanged(changes)];
      }
      case 'leave':
        if (state.startedOn && command.on < state.startedOn) {
          return reject('INVALID', `the last day can't lie before the first, ${state.startedOn}`, ['on']);
        }
        // Said again with another day, it corrects the day.
        return state.leftOn === command.on ? [] : [employeeLeft({ on: command.on })];
    }
  },
};
