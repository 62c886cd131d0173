/** Keeps records that a run could not take in, each with its place and reason. */
import { z } from 'zod';
import type { SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { rejectedRecordSchema } from '../../domain/sync/sync-run.events.js';
import { WorkspaceCommand } from '../shared/command.js';

const { column, value } = rejectedRecordSchema.shape;
const rejectedRecordInput = rejectedRecordSchema.extend({
  column: column.nullish().transform((given) => given ?? null),
  value: value.nullish().transform((given) => given ?? null),
});

export const rejectRecordsInput = z.object({
  runId: z.uuid(),
  /** How many rejected records of the run come before these: a batch sent again is kept once. */
  offset: z.int().min(0),
  records: z.array(rejectedRecordInput).min(1).max(200),
  /** The version the client saw. */
  expectedVersion: z.int().min(0).optional(),
});
export type RejectRecordsInput = z.input<typeof rejectRecordsInput>;

export class RejectRecords extends WorkspaceCommand<RejectRecordsInput, SyncRunState> {}
