/** On which days does the workspace work, and from when is somebody late? One row per workspace. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import {
  holidayAdded,
  holidayRemoved,
  workspaceCreated,
  workspaceSettingsChanged,
} from '../../domain/workspaces/workspace.events.js';
import type { EventOf } from '../../domain/shared/event.js';
import { defineEntity } from '../engine/projection.js';

export type AttendanceCalendarRow = {
  readonly calendar_of: string;
  /** ISO weekdays, 1 for Monday. */
  readonly working_days: readonly string[];
  readonly late_after: string;
  readonly holidays: readonly string[];
};

const calendarEvents = [workspaceCreated, workspaceSettingsChanged, holidayAdded, holidayRemoved] as const;
type CalendarEvent = EventOf<(typeof calendarEvents)[number]>;

export const attendanceCalendarProjection = defineEntity<AttendanceCalendarRow>()({
  name: 'attendance-calendar',
  version: 1,
  events: calendarEvents,
  table: {
    name: 'attendance_calendar',
    columns: { calendar_of: 'uuid', working_days: 'text[]', late_after: 'time', holidays: 'text[]' },
    key: ['calendar_of'],
  },
  key: (event) => ({ calendar_of: event.metadata.workspaceId }),
  evolve: evolveCalendar,
});

export function evolveCalendar(
  row: AttendanceCalendarRow | undefined,
  event: RecordedEvent<CalendarEvent>,
): AttendanceCalendarRow | undefined {
  if (event.type === 'workspaces.WorkspaceCreated') {
    const { workingDays, lateAfter } = event.data.settings;
    const calendar_of = event.metadata.workspaceId;
    return { calendar_of, working_days: workingDays.map(String), late_after: lateAfter, holidays: [] };
  }
  if (!row) return undefined;
  switch (event.type) {
    case 'workspaces.WorkspaceSettingsChanged': {
      const { workingDays, lateAfter } = event.data.to;
      return {
        ...row,
        working_days: workingDays ? workingDays.map(String) : row.working_days,
        late_after: lateAfter ?? row.late_after,
      };
    }
    case 'workspaces.HolidayAdded':
      return { ...row, holidays: [...row.holidays.filter((date) => date !== event.data.date), event.data.date].toSorted() }; // prettier-ignore
    case 'workspaces.HolidayRemoved':
      return { ...row, holidays: row.holidays.filter((date) => date !== event.data.date) };
  }
}
