/** Which units are there whose attendance is counted as a whole? */
import { unitEvents, type UnitEvent } from '../../domain/attendance/unit-report.events.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { defineEntity } from '../engine/projection.js';

export type UnitRow = {
  readonly unit_id: string;
  readonly code: string;
  readonly name: string;
  readonly unit_group: string | null;
  readonly version: number;
};

export const unitsProjection = defineEntity<UnitRow>()({
  name: 'units',
  version: 1,
  events: unitEvents,
  category: 'unit',
  table: {
    name: 'units',
    columns: {
      unit_id: 'uuid',
      code: { type: 'text', collate: 'C' },
      name: 'text',
      unit_group: { type: 'text', nullable: true },
      version: 'int',
    },
    key: ['unit_id'],
    indexes: [
      // The list of units by code, and the unit that a rate is of.
      '(workspace_id, code, unit_id)',
    ],
  },
  key: (event) => ({ unit_id: unitIdOfStream(event.streamName) }),
  evolve: evolveUnit,
});

const unitIdOfStream = (streamName: string): string => streamName.slice('unit-'.length);

export function evolveUnit(row: UnitRow | undefined, event: RecordedEvent<UnitEvent>): UnitRow | undefined {
  const version = event.revision + 1;
  if (event.type === 'attendance.UnitAdded') {
    const { code, name, group } = event.data;
    return { unit_id: unitIdOfStream(event.streamName), code, name, unit_group: group, version };
  }
  if (!row) return undefined;
  const { name = row.name, group = row.unit_group } = event.data.to;
  return { ...row, name, unit_group: group, version };
}
