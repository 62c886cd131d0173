/** An export for auditors is recorded once, when it is made. */
import type { Decider } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import { exported, type AuditExportEvent, type ExportFacts } from './audit-export.events.js';

export interface AuditExportState {
  /** Undefined before it is recorded. */
  readonly facts: ExportFacts | undefined;
}

export interface RecordExportDecision {
  readonly type: 'record';
  readonly facts: ExportFacts;
}

export const auditExportDecider: Decider<AuditExportState, RecordExportDecision, AuditExportEvent> = {
  initialState: { facts: undefined },
  evolve: (_, event) => ({ facts: event.data }),
  decide: ({ facts }, state) => {
    if (!state.facts) return [exported(facts)];
    const { number, root } = state.facts.checkpoint;
    const isTheSame = number === facts.checkpoint.number && root === facts.checkpoint.root;
    return isTheSame
      ? []
      : reject('ALREADY_EXISTS', 'an export of this id was recorded already, of another checkpoint');
  },
};
