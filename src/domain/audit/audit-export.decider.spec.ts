import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { auditExportDecider } from './audit-export.decider.js';
import { exported, type ExportFacts } from './audit-export.events.js';

const auditExport = deciderSpec(auditExportDecider);
const facts: ExportFacts = {
  format: 'jsonl',
  filter: {},
  events: 3,
  firstPosition: '1/1',
  lastPosition: '7/7',
  checkpoint: { number: 1, size: 3, root: 'ab' },
};

describe('an export for auditors', () => {
  it('is recorded once, however often it is said', () => {
    auditExport
      .given([])
      .when({ type: 'record', facts })
      .then([exported(facts)]);
    auditExport
      .given([exported(facts)])
      .when({ type: 'record', facts })
      .then(nothing());
  });

  it('is not recorded as another one', () => {
    const other = { ...facts, checkpoint: { number: 2, size: 4, root: 'cd' } };
    auditExport
      .given([exported(facts)])
      .when({ type: 'record', facts: other })
      .then(rejection('ALREADY_EXISTS'));
  });
});
