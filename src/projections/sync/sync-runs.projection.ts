/** How did each run of an integration go: how far, how many records, and why it ended? */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { syncRunEvents, type RunCounts, type SyncRunEvent } from '../../domain/sync/sync-run.events.js';
import { defineEntity } from '../engine/projection.js';

export type SyncRunRow = {
  readonly run_id: string;
  readonly integration_id: string;
  readonly subject: string;
  /** `[{ name, fingerprint }]` */
  readonly sources: object;
  readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  readonly cursor: object | null;
  readonly records_read: number;
  readonly records_changed: number;
  readonly records_unchanged: number;
  readonly records_rejected: number;
  readonly reason: string | null;
  readonly started_at: string;
  readonly progressed_at: string;
  readonly ended_at: string | null;
  readonly version: number;
};

export const syncRunsProjection = defineEntity<SyncRunRow>()({
  name: 'sync-runs',
  version: 3,
  events: syncRunEvents,
  category: 'sync-run',
  table: {
    name: 'sync_runs',
    columns: {
      run_id: 'uuid',
      integration_id: 'uuid',
      subject: 'text',
      sources: 'json',
      status: 'text',
      cursor: { type: 'json', nullable: true },
      records_read: 'bigint',
      records_changed: 'bigint',
      records_unchanged: 'bigint',
      records_rejected: 'bigint',
      reason: { type: 'text', nullable: true },
      started_at: 'timestamptz',
      progressed_at: 'timestamptz',
      ended_at: { type: 'timestamptz', nullable: true },
      version: 'int',
    },
    key: ['run_id'],
    indexes: [
      // The newest runs of the workspace.
      '(workspace_id, started_at, run_id)',
      // The newest runs of one integration.
      '(workspace_id, integration_id, started_at, run_id)',
    ],
  },
  key: (event) => ({ run_id: runId(event) }),
  evolve: (row, event) => {
    const next = evolveSyncRun(row, event);
    return next && { ...next, version: event.revision + 1 };
  },
});

const runId = (event: RecordedEvent): string => event.streamName.slice('sync-run-'.length);

function evolveSyncRun(row: SyncRunRow | undefined, event: RecordedEvent<SyncRunEvent>): SyncRunRow | undefined {
  const fact = event as SyncRunEvent;
  const at = event.metadata.occurredAt;
  if (fact.type === 'sync.RunStarted') {
    const { integrationId, subject, sources, cursor } = fact.data;
    return {
      run_id: runId(event),
      integration_id: integrationId,
      subject,
      sources,
      status: 'RUNNING',
      cursor,
      ...counted({ read: 0, changed: 0, unchanged: 0, rejected: 0 }),
      reason: null,
      started_at: at,
      progressed_at: at,
      ended_at: null,
      version: 1,
    };
  }
  if (!row) return undefined;
  switch (fact.type) {
    case 'sync.RunProgressed':
      return { ...row, cursor: fact.data.cursor, ...counted(fact.data.counts), progressed_at: at };
    case 'sync.RecordsRejected':
      return { ...row, progressed_at: at };
    case 'sync.RunCompleted':
      return { ...row, status: 'COMPLETED', ...counted(fact.data.counts), progressed_at: at, ended_at: at };
    case 'sync.RunFailed':
    case 'sync.RunCancelled': {
      const status = fact.type === 'sync.RunFailed' ? 'FAILED' : 'CANCELLED';
      const { reason, counts } = fact.data;
      return { ...row, status, reason, ...counted(counts), progressed_at: at, ended_at: at };
    }
  }
}

const counted = (
  counts: RunCounts,
): Pick<SyncRunRow, 'records_read' | 'records_changed' | 'records_unchanged' | 'records_rejected'> => ({
  records_read: counts.read,
  records_changed: counts.changed,
  records_unchanged: counts.unchanged,
  records_rejected: counts.rejected,
});
