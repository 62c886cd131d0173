/** What an export reads of an event's metadata. It takes what it finds: an event that is malformed is evidence all the same. */
import { z } from 'zod';
import type { Payload } from './entry.js';

export interface EntryMetadata {
  readonly workspaceId?: string | undefined;
  readonly actor?: { readonly kind: string; readonly id: string } | undefined;
  readonly commandId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly schemaVersion?: number | undefined;
  readonly occurredAt?: string | undefined;
}

const text = z.string().optional().catch(undefined);
const metadataSchema = z.object({
  workspaceId: text,
  actor: z.object({ kind: z.string(), id: z.string() }).optional().catch(undefined),
  commandId: text,
  $correlationId: text,
  $causationId: text,
  schemaVersion: z.number().optional().catch(undefined),
  occurredAt: text,
});

/** Nothing of what is not there or no JSON. */
export function readMetadata(payload: Payload): EntryMetadata {
  const source = 'text' in payload ? payload.text : Buffer.from(payload.base64, 'base64').toString('utf8');
  const parsed = metadataSchema.safeParse(parse(source));
  if (!parsed.success) return {};
  const { $correlationId: correlationId, $causationId: causationId, ...rest } = parsed.data;
  return { ...rest, correlationId, causationId };
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
