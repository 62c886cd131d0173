/** What every event says about itself beside its data: whose it is, who caused it, by which command, and when it happened. */
import { z } from 'zod';
import { utcInstantSchema } from './time.js';

export const actorSchema = z.object({
  kind: z.enum(['user', 'integration', 'policy', 'system']),
  id: z.string().min(1).max(200),
});
export type Actor = z.infer<typeof actorSchema>;

export const eventMetadataSchema = z.object({
  workspaceId: z.uuid(),
  actor: actorSchema,
  /** The command that produced this event; the same command again produces nothing new. */
  commandId: z.uuid(),
  /** Of what the client asked for under a command id of its own, so that another question under the same id is found out. */
  fingerprint: z.string().min(1).max(64).optional(),
  $correlationId: z.uuid(),
  /** The command or event that led to this one. */
  $causationId: z.uuid(),
  schemaVersion: z.int().min(1),
  /** Business time, an ISO 8601 instant in UTC: when it happened. The log's own created time says when it was recorded. */
  occurredAt: utcInstantSchema,
  /** Where the command came from: ip and user agent for people, the run id for syncs. */
  source: z
    .object({ ip: z.string().optional(), userAgent: z.string().optional(), runId: z.uuid().optional() })
    .optional(),
});
export type EventMetadata = z.infer<typeof eventMetadataSchema>;
