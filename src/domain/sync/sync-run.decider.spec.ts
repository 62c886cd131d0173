import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { syncRunDecider } from './sync-run.decider.js';
import {
  recordsRejected,
  runCancelled,
  runCompleted,
  runFailed,
  runProgressed,
  runStarted,
  type RejectedRecord,
} from './sync-run.events.js';

const run = deciderSpec(syncRunDecider);
const start = {
  integrationId: '0190b5a0-0000-7000-8000-000000000001',
  subject: 'sales',
  sources: [{ name: 'tills.csv', fingerprint: 'ab12' }],
  cursor: null,
};
const started = runStarted(start);
const counts = { read: 10, changed: 7, unchanged: 1, rejected: 2 };
const progressed = runProgressed({ cursor: { record: 10 }, counts });
const bad = (line: number): RejectedRecord => ({ source: 'tills.csv', line, column: 'Quantity', value: 'x', reason: 'not a number' }); // prettier-ignore

describe('a run', () => {
  it('starts once', () => {
    run.given([]).when({ type: 'start', ...start }).then([started]); // prettier-ignore
    run
      .given([started])
      .when({ type: 'start', ...start, subject: 'tasks' })
      .then(rejection('ALREADY_EXISTS'));
  });
  it('progresses with a cursor and counts that only grow', () => {
    run
      .given([started])
      .when({ type: 'progress', cursor: { record: 10 }, counts })
      .then([progressed]);
    run
      .given([started, progressed])
      .when({ type: 'progress', cursor: { record: 11 }, counts: { ...counts, changed: 6 } })
      .then(rejection('INVALID', ['counts', 'changed']));
  });
  it('keeps every rejected record once, also when a batch comes again after a crash', () => {
    const first = recordsRejected({ records: [bad(2), bad(3)] });
    run
      .given([started])
      .when({ type: 'rejectRecords', offset: 0, records: [bad(2), bad(3)] })
      .then([first]);
    run
      .given([started, first])
      .when({ type: 'rejectRecords', offset: 0, records: [bad(2), bad(3), bad(5)] })
      .then([recordsRejected({ records: [bad(5)] })]);
    run
      .given([started, first])
      .when({ type: 'rejectRecords', offset: 0, records: [bad(2)] })
      .then(nothing());
    run
      .given([started, first])
      .when({ type: 'rejectRecords', offset: 3, records: [bad(9)] })
      .then(rejection('INVALID', ['offset']));
  });
  it('completes, fails or is cancelled', () => {
    run
      .given([started, progressed])
      .when({ type: 'complete', counts: { ...counts, read: 12 } })
      .then([runCompleted({ counts: { ...counts, read: 12 } })]);
    run
      .given([started, progressed])
      .when({ type: 'fail', reason: 'no such page' })
      .then([runFailed({ reason: 'no such page', counts })]);
    run
      .given([started, progressed])
      .when({ type: 'cancel', reason: 'wrong file' })
      .then([runCancelled({ reason: 'wrong file', counts })]);
  });
  it('does nothing more once it has ended', () => {
    const ended = [started, runCancelled({ reason: 'wrong file', counts })];
    run
      .given(ended)
      .when({ type: 'progress', cursor: { record: 20 }, counts })
      .then(rejection('NOT_ALLOWED_NOW'));
    run.given(ended).when({ type: 'complete', counts }).then(rejection('NOT_ALLOWED_NOW'));
    run
      .given(ended)
      .when({ type: 'rejectRecords', offset: 0, records: [bad(2)] })
      .then(rejection('NOT_ALLOWED_NOW'));
    run.given(ended).when({ type: 'cancel', reason: 'again' }).then(nothing());
  });
  it('must exist to progress', () => {
    run.given([]).when({ type: 'progress', cursor: {}, counts }).then(rejection('NOT_FOUND'));
  });
});
