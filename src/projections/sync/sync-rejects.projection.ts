/** Which records could not be taken in, where do they stand in their source, and why? */
import { recordsRejected } from '../../domain/sync/sync-run.events.js';
import { defineJournal } from '../engine/projection.js';

export const syncRejectsProjection = defineJournal({
  name: 'sync-rejects',
  version: 1,
  events: [recordsRejected],
  table: {
    name: 'sync_rejects',
    columns: {
      run_id: 'uuid',
      /** Revision of the event and place in it: the order in which they were kept. */
      revision: 'int',
      place: 'int',
      source: 'text',
      line: 'bigint',
      column_name: { type: 'text', nullable: true },
      value: { type: 'text', nullable: true },
      reason: 'text',
    },
    // Also what the list of a run's rejects is read by.
    key: ['run_id', 'revision', 'place'],
  },
  rows: (event) => {
    const { records } = recordsRejected.schema.parse(event.data);
    return records.map(({ source, line, column, value, reason }, place) => ({
      run_id: event.streamName.slice('sync-run-'.length),
      revision: event.revision,
      place,
      source,
      line,
      column_name: column,
      value,
      reason,
    }));
  },
});
