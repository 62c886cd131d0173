/** A run: started, progressed while counts only grow, ended once: completed, failed or cancelled. Nothing follows the end. */
import type { z } from 'zod';
import type { Decider } from '../shared/decider.js';
import type { EventOf } from '../shared/event.js';
import { reject, type Rejection } from '../shared/rejection.js';
import {
  recordsRejected,
  runCancelled,
  runCompleted,
  runFailed,
  runProgressed,
  runStarted,
  type cursorSchema,
  type RejectedRecord,
  type RunCounts,
  type SyncRunEvent,
} from './sync-run.events.js';

export type RunCursor = z.infer<typeof cursorSchema>;
type Start = EventOf<typeof runStarted>['data'];

export type RunStatus = 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export type SyncRunState =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly status: RunStatus;
      readonly integrationId: string;
      readonly subject: string;
      readonly sources: Start['sources'];
      /** Where to go on; null before the first progress. */
      readonly cursor: RunCursor | null;
      readonly counts: RunCounts;
      /** Rejected records kept so far, which `counts.rejected` catches up with at the next progress. */
      readonly rejectsKept: number;
      /** Why it failed or was cancelled. */
      readonly reason: string | null;
    };

export type SyncRunCommand =
  | ({ readonly type: 'start' } & Start)
  | { readonly type: 'progress'; readonly cursor: RunCursor; readonly counts: RunCounts }
  /** `offset`: how many rejects of the run come before these, so that a batch sent again after a crash is known. */
  | { readonly type: 'rejectRecords'; readonly offset: number; readonly records: readonly RejectedRecord[] }
  | { readonly type: 'complete'; readonly counts: RunCounts }
  | { readonly type: 'fail'; readonly reason: string; readonly counts?: RunCounts | undefined }
  | { readonly type: 'cancel'; readonly reason: string };

export const NO_COUNTS: RunCounts = { read: 0, changed: 0, unchanged: 0, rejected: 0 };

export const syncRunDecider: Decider<SyncRunState, SyncRunCommand, SyncRunEvent> = {
  initialState: { exists: false },

  evolve(state, event) {
    if (event.type === runStarted.type) {
      return { exists: true, status: 'RUNNING', ...event.data, counts: NO_COUNTS, rejectsKept: 0, reason: null };
    }
    if (!state.exists) return state;
    switch (event.type) {
      case 'sync.RunProgressed':
        return { ...state, cursor: event.data.cursor, counts: event.data.counts };
      case 'sync.RecordsRejected':
        return { ...state, rejectsKept: state.rejectsKept + event.data.records.length };
      case 'sync.RunCompleted':
        return { ...state, status: 'COMPLETED', counts: event.data.counts };
      case 'sync.RunFailed':
        return { ...state, status: 'FAILED', counts: event.data.counts, reason: event.data.reason };
      case 'sync.RunCancelled':
        return { ...state, status: 'CANCELLED', counts: event.data.counts, reason: event.data.reason };
    }
  },

  decide(command, state) {
    if (command.type === 'start') {
      const { integrationId, subject, sources, cursor } = command;
      if (!state.exists) return [runStarted({ integrationId, subject, sources, cursor })];
      const same = state.integrationId === integrationId && state.subject === subject;
      return same ? [] : reject('ALREADY_EXISTS', 'this run was started already, for something else');
    }
    if (!state.exists) return reject('NOT_FOUND', 'there is no such run');
    const asEnded = { complete: 'COMPLETED', fail: 'FAILED', cancel: 'CANCELLED', progress: '', rejectRecords: '' };
    if (state.status !== 'RUNNING') {
      return asEnded[command.type] === state.status
        ? []
        : reject('NOT_ALLOWED_NOW', `this run has ended: ${state.status}`);
    }
    switch (command.type) {
      case 'progress': {
        const { cursor, counts } = command;
        if (sameCounts(counts, state.counts) && sameCursor(cursor, state.cursor)) return [];
        return refuseShrinking(counts, state.counts) ?? [runProgressed({ cursor, counts })];
      }
      case 'rejectRecords': {
        if (command.offset > state.rejectsKept) {
          return reject('INVALID', `records are missing: ${state.rejectsKept} are kept so far`, ['offset'], {
            rejectsKept: state.rejectsKept,
          });
        }
        const records = command.records.slice(state.rejectsKept - command.offset);
        return records.length > 0 ? [recordsRejected({ records })] : [];
      }
      case 'complete':
        return refuseShrinking(command.counts, state.counts) ?? [runCompleted({ counts: command.counts })];
      case 'fail': {
        const counts = command.counts ?? state.counts;
        return refuseShrinking(counts, state.counts) ?? [runFailed({ reason: command.reason, counts })];
      }
      case 'cancel':
        return [runCancelled({ reason: command.reason, counts: state.counts })];
    }
  },
};

const COUNTS = ['read', 'changed', 'unchanged', 'rejected'] as const;

const sameCounts = (left: RunCounts, right: RunCounts): boolean => COUNTS.every((name) => left[name] === right[name]);

const sameCursor = (left: RunCursor, right: RunCursor | null): boolean =>
  right !== null &&
  Object.keys(left).length === Object.keys(right).length &&
  Object.entries(left).every(([key, value]) => right[key] === value);

function refuseShrinking(next: RunCounts, seen: RunCounts): Rejection | undefined {
  const name = COUNTS.find((count) => next[count] < seen[count]);
  if (!name) return undefined;
  return reject('INVALID', `counts of a run only grow: ${name} was ${seen[name]}`, ['counts', name]);
}
