/** What was so on each employee's each day: present from when to when, absent or on leave? */
import {
  attendanceDayEvents,
  type AttendanceDayEvent,
  type CorrectedDay,
} from '../../domain/attendance/attendance-day.events.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { secondsBetween } from '../../domain/shared/time.js';
import { defineEntity } from '../engine/projection.js';

export type AttendanceDayRow = {
  /** Of the day's stream: what a change names. */
  readonly attendance_id: string;
  readonly employee_id: string;
  readonly day: string;
  /** `none`: a manager cleared the day. */
  readonly status: 'present' | 'absent' | 'leave' | 'none';
  readonly check_in: string | null;
  readonly check_in_local: string | null;
  readonly check_out: string | null;
  readonly check_out_local: string | null;
  /** From check-in to check-out, no break deducted; null while there is no check-out. */
  readonly seconds_worked: number | null;
  /** Of an absence. */
  readonly reason: string | null;
  readonly leave_kind: string | null;
  readonly note: string | null;
  readonly correction_reason: string | null;
  /** The actor's id; null when nobody corrected the day. */
  readonly corrected_by: string | null;
  readonly version: number;
};

export const attendanceDaysProjection = defineEntity<AttendanceDayRow>()({
  name: 'attendance-days',
  version: 1,
  events: attendanceDayEvents,
  category: 'attendance',
  table: {
    name: 'attendance_days',
    columns: {
      attendance_id: 'uuid',
      employee_id: 'uuid',
      day: 'date',
      status: 'text',
      check_in: { type: 'timestamptz', nullable: true },
      check_in_local: { type: 'time', nullable: true },
      check_out: { type: 'timestamptz', nullable: true },
      check_out_local: { type: 'time', nullable: true },
      seconds_worked: { type: 'int', nullable: true },
      reason: { type: 'text', nullable: true },
      leave_kind: { type: 'text', nullable: true },
      note: { type: 'text', nullable: true },
      correction_reason: { type: 'text', nullable: true },
      corrected_by: { type: 'text', nullable: true },
      version: 'int',
    },
    key: ['attendance_id'],
    indexes: [
      // One employee's days, newest first.
      '(workspace_id, employee_id, day)',
      // The days of everybody, newest first, and all figures over a range of days.
      '(workspace_id, day, employee_id)',
    ],
  },
  key: (event) => ({ attendance_id: attendanceIdOfStream(event.streamName) }),
  evolve: evolveAttendanceDay,
});

const attendanceIdOfStream = (streamName: string): string => streamName.slice('attendance-'.length);

const BLANK = {
  check_in: null,
  check_in_local: null,
  check_out: null,
  check_out_local: null,
  seconds_worked: null,
  reason: null,
  leave_kind: null,
  note: null,
} as const;

export function evolveAttendanceDay(
  row: AttendanceDayRow | undefined,
  event: RecordedEvent<AttendanceDayEvent>,
): AttendanceDayRow | undefined {
  const next: AttendanceDayRow = {
    attendance_id: attendanceIdOfStream(event.streamName),
    employee_id: event.data.employeeId,
    day: event.data.day,
    status: 'none',
    ...BLANK,
    correction_reason: row?.correction_reason ?? null,
    corrected_by: row?.corrected_by ?? null,
    version: event.revision + 1,
  };
  switch (event.type) {
    case 'attendance.CheckedIn':
      return { ...next, ...contentOf({ status: 'present', checkIn: event.data, checkOut: null }) };
    case 'attendance.CheckedOut':
      return row && { ...row, ...ended(row.check_in, event.data), version: next.version };
    case 'attendance.AbsenceRecorded':
      return { ...next, ...contentOf({ status: 'absent', reason: event.data.reason }) };
    case 'attendance.LeaveRecorded':
      return { ...next, ...contentOf({ status: 'leave', kind: event.data.kind, note: event.data.note }) };
    case 'attendance.DayCorrected': {
      const { to, reason } = event.data;
      return { ...next, ...contentOf(to), correction_reason: reason, corrected_by: event.metadata.actor.id };
    }
  }
}

/** The columns that say what is so; the others stay blank. */
function contentOf(to: CorrectedDay): Partial<AttendanceDayRow> {
  switch (to.status) {
    case 'present': {
      const { at, localTime } = to.checkIn;
      const begun = { status: to.status, check_in: at, check_in_local: localTime };
      return to.checkOut ? { ...begun, ...ended(at, to.checkOut) } : begun;
    }
    case 'absent':
      return { status: to.status, reason: to.reason };
    case 'leave':
      return { status: to.status, leave_kind: to.kind, note: to.note };
    case 'none':
      return { status: to.status };
  }
}

const ended = (
  checkIn: string | null,
  { at, localTime }: { readonly at: string; readonly localTime: string },
): Pick<AttendanceDayRow, 'check_out' | 'check_out_local' | 'seconds_worked'> => ({
  check_out: at,
  check_out_local: localTime,
  seconds_worked: checkIn === null ? null : Math.floor(secondsBetween(checkIn, at)),
});
