import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { memberDecider } from './member.decider.js';
import { memberAdded, memberRemoved, memberRenamed, memberRoleChanged } from './member.events.js';

const member = deciderSpec(memberDecider);
const ann = { name: 'Ann', email: null, role: 'member' } as const;
const added = memberAdded(ann);

describe('member', () => {
  it('is added once, and again after removal', () => {
    member.given([]).when({ type: 'add', ...ann }).then([added]); // prettier-ignore
    member
      .given([added])
      .when({ type: 'add', ...ann, name: 'Bob' })
      .then(rejection('ALREADY_EXISTS'));
    member.given([added, memberRemoved({})]).when({ type: 'add', ...ann }).then([added]); // prettier-ignore
  });

  it('is renamed, gets another role, is removed', () => {
    member
      .given([added])
      .when({ type: 'rename', name: 'Anna' })
      .then([memberRenamed({ to: 'Anna' })]);
    member
      .given([added])
      .when({ type: 'changeRole', role: 'manager' })
      .then([memberRoleChanged({ from: 'member', to: 'manager' })]);
    member
      .given([added])
      .when({ type: 'remove' })
      .then([memberRemoved({})]);
    member
      .given([added, memberRemoved({})])
      .when({ type: 'remove' })
      .then(nothing());
  });

  it('must exist, and not be removed, to be changed', () => {
    member
      .given([])
      .when({ type: 'rename', name: 'X' })
      .then(rejection('NOT_FOUND', ['memberId']));
    member
      .given([added, memberRemoved({})])
      .when({ type: 'changeRole', role: 'owner' })
      .then(rejection('NOT_ALLOWED_NOW', ['memberId']));
  });
});
