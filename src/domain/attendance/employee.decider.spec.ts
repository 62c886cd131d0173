import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { employeeDecider } from './employee.decider.js';
import { employeeAdded, employeeChanged, employeeLeft } from './employee.events.js';

const employee = deciderSpec(employeeDecider);
const details = { number: 'E1', name: 'Ann Example', department: 'Sales', title: null, startedOn: '2026-01-05' };
const added = employeeAdded(details);
const left = employeeLeft({ on: '2026-06-30' });

describe('an employee', () => {
  it('is added once', () => {
    employee.given([]).when({ type: 'add', details }).then([added]);
  });
  it('is not added under a number that is taken', () => {
    employee
      .given([added])
      .when({ type: 'add', details: { ...details, name: 'Bob Example' } })
      .then(rejection('ALREADY_EXISTS', ['number']));
  });
  it('changes only what is different', () => {
    employee
      .given([added])
      .when({ type: 'change', patch: { name: 'Ann Example', department: 'Support' } })
      .then([employeeChanged({ from: { department: 'Sales' }, to: { department: 'Support' } })]);
    employee
      .given([added])
      .when({ type: 'change', patch: { department: null } })
      .then([employeeChanged({ from: { department: 'Sales' }, to: { department: null } })]);
    employee.given([added]).when({ type: 'change', patch: {} }).then(nothing());
  });
  it('leaves, and the day can be corrected', () => {
    employee.given([added]).when({ type: 'leave', on: '2026-06-30' }).then([left]);
    employee
      .given([added, left])
      .when({ type: 'leave', on: '2026-07-31' })
      .then([employeeLeft({ on: '2026-07-31' })]);
  });
  it('does not leave before the first day, nor start after the last', () => {
    employee
      .given([added])
      .when({ type: 'leave', on: '2026-01-04' })
      .then(rejection('INVALID', ['on']));
    employee
      .given([added, left])
      .when({ type: 'change', patch: { startedOn: '2026-07-01' } })
      .then(rejection('INVALID', ['startedOn']));
  });
  it('must exist to change or leave', () => {
    employee.given([]).when({ type: 'leave', on: '2026-06-30' }).then(rejection('NOT_FOUND'));
    employee.given([]).when({ type: 'change', patch: {} }).then(rejection('NOT_FOUND'));
  });
});
