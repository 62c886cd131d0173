/** What an export reads of an event's metadata. It takes what it finds: an event that is malformed is evidence all the same. */
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

/** Nothing of what is not there or no JSON. By hand, because a schema would take longer than all the rest of a line. */
export function readMetadata(payload: Payload): EntryMetadata {
  const source = 'text' in payload ? payload.text : Buffer.from(payload.base64, 'base64').toString('utf8');
  const metadata = fieldsOf(parse(source));
  const actor = fieldsOf(metadata['actor']);
  const [kind, id, schemaVersion] = [actor['kind'], actor['id'], metadata['schemaVersion']];
  return {
    workspaceId: text(metadata['workspaceId']),
    actor: typeof kind === 'string' && typeof id === 'string' ? { kind, id } : undefined,
    commandId: text(metadata['commandId']),
    correlationId: text(metadata['$correlationId']),
    causationId: text(metadata['$causationId']),
    schemaVersion: typeof schemaVersion === 'number' ? schemaVersion : undefined,
    occurredAt: text(metadata['occurredAt']),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (isObject(value) ? value : {});

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
