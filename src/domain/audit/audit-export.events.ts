/** Who took which part of the log out of it: reading for an audit is itself recorded. Stream `audit-export-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

export const exportFactsSchema = z
  .object({
    format: z.string().describe('`jsonl`, `csv`, `cloudevents`.'),
    filter: z
      .object({
        types: z.array(z.string()).optional(),
        thingId: z.string().optional(),
        actorId: z.string().optional(),
        from: z.string().optional(),
        until: z.string().optional(),
      })
      .describe('What was asked for; empty for the whole workspace. Instants are of recording.'),
    events: z.int().min(0).describe('How many were taken out.'),
    firstPosition: z
      .string()
      .nullable()
      .describe('Of the first of them in the log, `commit/prepare`; null when there was none.'),
    lastPosition: z.string().nullable().describe('Of the last of them.'),
    checkpoint: z
      .object({ number: z.int().min(1), size: z.int().min(1), root: z.string() })
      .describe(
        'The checkpoint up to which the log was read: its number, how many events it signs, and their Merkle root.',
      ),
  })
  .describe('Somebody took events of the workspace out of the log, for an audit.');
export type ExportFacts = z.infer<typeof exportFactsSchema>;

export const exported = defineEvent('audit.Exported', exportFactsSchema);

export const auditExportEvents = [exported] as const;
export type AuditExportEvent = EventOf<(typeof auditExportEvents)[number]>;
