/** One run of an integration: a file imported, a source pulled. Stream `sync-run-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

/** Running totals since the run began. */
export const runCountsSchema = z.object({
  /** Source records (rows, issues) read. */
  read: z.int().min(0),
  /** Records that led to new events. */
  changed: z.int().min(0),
  /** Records that said nothing new. */
  unchanged: z.int().min(0),
  rejected: z.int().min(0),
});
export type RunCounts = z.infer<typeof runCountsSchema>;

/** Where to go on, in the source's own terms: rows of a file done, the next page of an API. */
export const cursorSchema = z.record(z.string(), z.union([z.string(), z.number()]));

export const runStarted = defineEvent(
  'sync.RunStarted',
  z.object({
    integrationId: z.uuid(),
    /** What is brought in: `sales`, `attendance`, `tasks`. */
    subject: z.string(),
    /** The files or address read, for people; with the content's fingerprint where there is one. */
    sources: z.array(z.object({ name: z.string(), fingerprint: z.string().nullable() })),
    cursor: cursorSchema.nullable(),
  }),
);
export const runProgressed = defineEvent(
  'sync.RunProgressed',
  z.object({ cursor: cursorSchema, counts: runCountsSchema }),
);

export const rejectedRecordSchema = z.object({
  /** File or address. */
  source: z.string(),
  /** Line of the file or number among all records of the address, from 1. */
  line: z.int().min(1),
  column: z.string().nullable(),
  /** What stood there, cut to 200 characters. */
  value: z.string().max(200).nullable().meta({ personal: true }),
  reason: z.string(),
});
export type RejectedRecord = z.infer<typeof rejectedRecordSchema>;
export const recordsRejected = defineEvent(
  'sync.RecordsRejected',
  z.object({ records: z.array(rejectedRecordSchema).min(1).max(200) }),
);
export const runCompleted = defineEvent('sync.RunCompleted', z.object({ counts: runCountsSchema }));
export const runFailed = defineEvent('sync.RunFailed', z.object({ reason: z.string(), counts: runCountsSchema }));
export const runCancelled = defineEvent('sync.RunCancelled', z.object({ reason: z.string(), counts: runCountsSchema }));

export const syncRunEvents = [
  runStarted,
  runProgressed,
  recordsRejected,
  runCompleted,
  runFailed,
  runCancelled,
] as const;
export type SyncRunEvent = EventOf<(typeof syncRunEvents)[number]>;
