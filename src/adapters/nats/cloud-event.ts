/**
 * An event as integrators get it: CloudEvents 1.0 (https://github.com/cloudevents/spec, v1.0.2), structured mode, JSON.
 * Extension attributes are lower case and alphanumeric, as the specification asks.
 */
import { schemaVersionOf } from '../../domain/shared/event.js';
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
  /** Names the JSON Schema of the data, which is the `$id` of a file in schemas/events. */
  readonly dataschema: string;
  readonly workspaceid: string;
  /** Place in the log, `commit/prepare`; give it as `after` to a subscription or to `teampulse events tail`. */
  readonly position: string;
  /** Place in the stream, from 0. */
  readonly revision: number;
  /** Of the data as it stands here: always the newest version, whichever it was written as. */
  readonly schemaversion: number;
  /** When the log recorded it. */
  readonly recordedat: string;
  /** `user:…`, `integration:…`, `policy:…`, `system:…`. */
  readonly actor: string;
  readonly commandid: string;
  readonly correlationid: string;
  readonly causationid: string;
  readonly data?: unknown;
  /** Instead of `data` that is too large for a message: where the API gives it (the extension `dataref` of CloudEvents). */
  readonly dataref?: string;
}

/** `$id` of the schema of an event type's data. */
export const schemaUri = (type: string, version: number): string => `urn:teampulse:event:${type}:${version}`;

/** Where the API gives the data of an event, relative to its address. */
export const dataPath = (streamName: string, revision: number): string => `/events/${streamName}/${revision}/data`;

export function toCloudEvent(event: RecordedEvent): CloudEvent {
  return { ...envelopeOf(event), data: event.data };
}

/** For data that no message can hold. */
export function toCloudEventWithoutData(event: RecordedEvent): CloudEvent {
  return { ...envelopeOf(event), dataref: dataPath(event.streamName, event.revision) };
}

function envelopeOf(event: RecordedEvent): CloudEvent {
  const { metadata } = event;
  // Every read path lifts older data to the newest version, so that is what the data is.
  const schemaVersion = schemaVersionOf(event.type);
  return {
    specversion: '1.0',
    id: event.id,
    source: `/teampulse/workspaces/${metadata.workspaceId}`,
    type: event.type,
    subject: event.streamName,
    time: metadata.occurredAt,
    datacontenttype: 'application/json',
    dataschema: schemaUri(event.type, schemaVersion),
    workspaceid: metadata.workspaceId,
    position: formatPosition(event.position),
    revision: event.revision,
    schemaversion: schemaVersion,
    recordedat: event.recordedAt,
    actor: `${metadata.actor.kind}:${metadata.actor.id}`,
    commandid: metadata.commandId,
    correlationid: metadata.$correlationId,
    causationid: metadata.$causationId,
  };
}

/** `teampulse.<workspace>.<capability>.<EventType>`: `teampulse.*.sales.>` is every sale of every workspace. */
export const subjectFor = (workspaceId: string, type: string): string => `teampulse.${workspaceId}.${type}`;

export const subjectOf = (event: RecordedEvent): string => subjectFor(event.metadata.workspaceId, event.type);
