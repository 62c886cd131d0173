/** What is the workspace called, and which calendar and money does it use? */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import {
  workspaceEvents,
  type WorkspaceEvent,
  type WorkspaceSettings,
} from '../../domain/workspaces/workspace.events.js';
import { defineEntity } from '../engine/projection.js';

export type WorkspaceRow = {
  readonly id: string;
  readonly name: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly week_start: number;
  /** ISO weekdays, `[1, 2, 3, 4, 5]`. */
  readonly working_days: object;
  readonly late_after: string;
  /** `[{ date, name }]`, by date. */
  readonly holidays: readonly { readonly date: string; readonly name: string }[];
  readonly version: number;
};

export const workspacesProjection = defineEntity<WorkspaceRow>()({
  name: 'workspaces',
  version: 2,
  events: workspaceEvents,
  category: 'workspace',
  table: {
    name: 'workspaces',
    columns: {
      id: 'uuid',
      name: 'text',
      time_zone: 'text',
      currency: 'text',
      week_start: 'int',
      working_days: 'json',
      late_after: 'text',
      holidays: 'json',
      version: 'int',
    },
    key: ['id'],
  },
  key: (event) => ({ id: workspaceIdOf(event) }),
  evolve: (row, event) => {
    const next = evolveWorkspace(row, event);
    return next && { ...next, version: event.revision + 1 };
  },
});

const workspaceIdOf = (event: RecordedEvent): string => event.streamName.slice('workspace-'.length);

function evolveWorkspace(
  row: WorkspaceRow | undefined,
  event: RecordedEvent<WorkspaceEvent>,
): WorkspaceRow | undefined {
  if (event.type === 'workspaces.WorkspaceCreated') {
    const { name, settings } = event.data;
    const { timeZone, currency, weekStart, workingDays, lateAfter } = settings;
    return {
      id: workspaceIdOf(event),
      name,
      time_zone: timeZone,
      currency,
      week_start: weekStart,
      working_days: workingDays,
      late_after: lateAfter,
      holidays: [],
      version: 1,
    };
  }
  if (!row) return undefined;
  switch (event.type) {
    case 'workspaces.WorkspaceRenamed':
      return { ...row, name: event.data.to };
    case 'workspaces.WorkspaceSettingsChanged':
      return { ...row, ...changedColumns(row, event.data.to) };
    case 'workspaces.HolidayAdded':
      return { ...row, holidays: [...row.holidays, event.data].toSorted((a, b) => (a.date < b.date ? -1 : 1)) };
    case 'workspaces.HolidayRemoved':
      return { ...row, holidays: row.holidays.filter(({ date }) => date !== event.data.date) };
  }
}

const changedColumns = (
  row: WorkspaceRow,
  to: { readonly [Key in keyof WorkspaceSettings]?: WorkspaceSettings[Key] | undefined },
): Partial<WorkspaceRow> => ({
  time_zone: to.timeZone ?? row.time_zone,
  currency: to.currency ?? row.currency,
  week_start: to.weekStart ?? row.week_start,
  working_days: to.workingDays ?? row.working_days,
  late_after: to.lateAfter ?? row.late_after,
});
