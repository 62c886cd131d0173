/** Which labels can tasks carry? */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { labelEvents, type LabelEvent } from '../../domain/work/label.events.js';
import { defineEntity } from '../engine/projection.js';

export type LabelRow = {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly version: number;
};

export const labelsProjection = defineEntity<LabelRow>()({
  name: 'labels',
  version: 1,
  events: labelEvents,
  category: 'label',
  table: {
    name: 'labels',
    columns: { id: 'uuid', name: 'text', color: 'text', version: 'int' },
    key: ['id'],
    // The list of labels, by name.
    indexes: ['(workspace_id, name, id)'],
  },
  key: (event) => ({ id: labelIdOf(event) }),
  evolve: (row, event) => {
    const next = evolveLabel(row, event);
    return next && { ...next, version: event.revision + 1 };
  },
});

const labelIdOf = (event: RecordedEvent): string => event.streamName.slice('label-'.length);

function evolveLabel(row: LabelRow | undefined, event: RecordedEvent<LabelEvent>): LabelRow | undefined {
  switch (event.type) {
    case 'work.LabelCreated':
      return { id: labelIdOf(event), ...event.data, version: 1 };
    case 'work.LabelChanged':
      return row && { ...row, name: event.data.to.name ?? row.name, color: event.data.to.color ?? row.color };
    case 'work.LabelDeleted':
      return undefined;
  }
}
