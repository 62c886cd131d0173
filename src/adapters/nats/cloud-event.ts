/**
 * An event as integrators get it: CloudEvents 1.0 (https://github.com/cloudevents/spec, v1.0.2), structured mode, JSON.
 * Extension attributes are lower case and alphanumeric, as the specification asks.
 */
import { formatPosition } from '../../domain/shared/position.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';

export interface CloudEvent {
  readonly specversion: '1.0';
  /** The event's id, which is also its `Nats-Msg-Id`. */
  readonly id: string;
  /** `/teampulse/workspaces/<workspace id>`. Unique together with `id`. */
  readonly source: string;
  /** `<capability>.<PastTense>`, as in the log. */
  readonly type: string;
  /** The stream: `task-0190…`. Events of one subject arrive in order. */
  readonly subject: string;
  /** When it happened. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly workspaceid: string;
  /** Place in the log, `commit/prepare`; give it as `after` to a subscription or to `teampulse events tail`. */
  readonly position: string;
  /** Place in the stream, from 0. */
  readonly revision: number;
  readonly schemaversion: number;
  /** When the log recorded it. */
  readonly recordedat: string;
  /** `user:…`, `integration:…`, `policy:…`, `system:…`. */
  readonly actor: string;
  readonly commandid: string;
  readonly correlationid: string;
  readonly causationid: string;
  readonly data: unknown;
}

export function toCloudEvent(event: RecordedEvent): CloudEvent {
  const { metadata } = event;
  return {
    specversion: '1.0',
    id: event.id,
    source: `/teampulse/workspaces/${metadata.workspaceId}`,
    type: event.type,
    subject: event.streamName,
    time: metadata.occurredAt,
    datacontenttype: 'application/json',
    workspaceid: metadata.workspaceId,
    position: formatPosition(event.position),
    revision: event.revision,
    schemaversion: metadata.schemaVersion,
    recordedat: event.recordedAt,
    actor: `${metadata.actor.kind}:${metadata.actor.id}`,
    commandid: metadata.commandId,
    correlationid: metadata.$correlationId,
    causationid: metadata.$causationId,
    data: event.data,
  };
}

/** `teampulse.<workspace>.<capability>.<EventType>`: `teampulse.*.sales.>` is every sale of every workspace. */
export const subjectOf = (event: RecordedEvent): string => `teampulse.${event.metadata.workspaceId}.${event.type}`;
