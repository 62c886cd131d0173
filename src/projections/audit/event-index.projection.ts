/**
 * What happened, to which thing, by whom, by which command, and when? One row for every event of every capability: what
 * auditors search. The data stays in the log, where it is immutable and, being personal, erasable.
 */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { defineJournal, type Row } from '../engine/projection.js';

export const eventIndexProjection = defineJournal({
  name: 'event-index',
  version: 2,
  events: 'all',
  table: {
    name: 'event_index',
    columns: {
      /** Where in the log, `commit`; `prepare` is the other half of the position. */
      position: 'bigint',
      prepare: 'bigint',
      event_id: 'uuid',
      type: { type: 'text', collate: 'C' },
      /** The stream is `<category>-<thing_id>`. Apart, because the id is what is searched for, and a third as long. */
      category: 'text',
      thing_id: 'uuid',
      revision: 'int',
      actor_kind: 'text',
      actor_id: { type: 'text', collate: 'C' },
      command_id: 'uuid',
      correlation_id: 'uuid',
      causation_id: 'uuid',
      occurred_at: 'timestamptz',
      recorded_at: 'timestamptz',
    },
    // Also what everything is listed by, newest or oldest first, and what "since when" is found by: recorded times grow with it.
    key: ['position'],
    indexes: [
      // The history of one thing.
      '(workspace_id, thing_id, position)',
      // Events of some types, and those after a position that a subscription catches up with.
      '(workspace_id, type, position)',
      // What one person, integration or policy did.
      '(workspace_id, actor_id, position)',
      // All that one request or import led to.
      '(workspace_id, correlation_id, position)',
      // What a command, an event or a run led to.
      '(workspace_id, causation_id, position)',
      // One event by its id, which is as good as random: without the workspace it is half as large.
      '(event_id)',
      // What happened in a span of business time.
      '(workspace_id, occurred_at, position)',
      // Where in the log a recorded time begins and ends.
      '(workspace_id, recorded_at, position)',
    ],
  },
  rows: (event) => [eventIndexRow(event)],
});

/** A UUID and the hyphen before it. */
const SUFFIX = 37;

export function eventIndexRow(event: RecordedEvent): Row {
  const { streamName, position, metadata } = event;
  return {
    position: position.commit,
    prepare: position.prepare,
    event_id: event.id,
    type: event.type,
    category: streamName.slice(0, -SUFFIX),
    thing_id: streamName.slice(1 - SUFFIX),
    revision: event.revision,
    actor_kind: metadata.actor.kind,
    actor_id: metadata.actor.id,
    command_id: metadata.commandId,
    correlation_id: metadata.$correlationId,
    causation_id: metadata.$causationId,
    occurred_at: metadata.occurredAt,
    recorded_at: event.recordedAt,
  };
}
