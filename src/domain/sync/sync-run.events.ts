/** One run of an integration: a file imported, a source pulled. Stream `sync-run-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

/** Running totals since the run began. */
export const runCountsSchema = z.object({
  read: z.int().min(0).describe('Source records (rows, issues) read.'),
  changed: z.int().min(0).describe('Records that led to new events.'),
  unchanged: z.int().min(0).describe('Records that said nothing new.'),
  rejected: z.int().min(0),
});
export type RunCounts = z.infer<typeof runCountsSchema>;

/** Where to go on, in the source's own terms: rows of a file done, the next page of an API. */
export const cursorSchema = z.record(z.string(), z.union([z.string(), z.number()]));

export const runStarted = defineEvent(
  'sync.RunStarted',
  z
    .object({
      integrationId: z.uuid(),
      subject: z.string().describe('What is brought in: `sales`, `attendance`, `tasks`.'),
      sources: z
        .array(z.object({ name: z.string(), fingerprint: z.string().nullable() }))
        .describe("The files or address read, for people; with the content's fingerprint where there is one."),
      cursor: cursorSchema.nullable(),
    })
    .describe('A run of an integration began.'),
);
export const runProgressed = defineEvent(
  'sync.RunProgressed',
  z
    .object({ cursor: cursorSchema, counts: runCountsSchema })
    .describe('A run came as far as this; stopped, it goes on from here.'),
);

export const rejectedRecordSchema = z.object({
  source: z.string().describe('File or address.'),
  line: z.int().min(1).describe('Line of the file or number among all records of the address, from 1.'),
  column: z.string().nullable(),
  value: z.string().max(200).nullable().meta({ personal: true }).describe('What stood there, cut to 200 characters.'),
  reason: z.string(),
});
export type RejectedRecord = z.infer<typeof rejectedRecordSchema>;
export const recordsRejected = defineEvent(
  'sync.RecordsRejected',
  z
    .object({ records: z.array(rejectedRecordSchema).min(1).max(200) })
    .describe('Records of the source that were not taken over, with the reasons.'),
);
export const runCompleted = defineEvent(
  'sync.RunCompleted',
  z.object({ counts: runCountsSchema }).describe('A run came to its end.'),
);
export const runFailed = defineEvent(
  'sync.RunFailed',
  z
    .object({ reason: z.string(), counts: runCountsSchema })
    .describe('A run ended with an error; what it brought in until then stays.'),
);
export const runCancelled = defineEvent(
  'sync.RunCancelled',
  z
    .object({ reason: z.string(), counts: runCountsSchema })
    .describe('Somebody stopped a run; what it brought in until then stays.'),
);

export const syncRunEvents = [
  runStarted,
  runProgressed,
  recordsRejected,
  runCompleted,
  runFailed,
  runCancelled,
] as const;
export type SyncRunEvent = EventOf<(typeof syncRunEvents)[number]>;
