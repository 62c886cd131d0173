import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { unitDecider } from './unit.decider.js';
import { unitAdded, unitChanged } from './unit-report.events.js';

const unit = deciderSpec(unitDecider);
const details = { code: '01M015', name: 'First School', group: 'M' };
const added = unitAdded(details);

describe('a unit', () => {
  it('is added once', () => {
    unit.given([]).when({ type: 'add', details }).then([added]);
    unit
      .given([added])
      .when({ type: 'add', details: { ...details, group: null } })
      .then(rejection('ALREADY_EXISTS', ['code']));
  });
  it('changes only what is different', () => {
    unit
      .given([added])
      .when({ type: 'change', patch: { name: 'First School', group: null } })
      .then([unitChanged({ from: { group: 'M' }, to: { group: null } })]);
    unit
      .given([added])
      .when({ type: 'change', patch: { group: 'M' } })
      .then(nothing());
  });
  it('must exist to change', () => {
    unit.given([]).when({ type: 'change', patch: {} }).then(rejection('NOT_FOUND'));
  });
});
