import { describe, expect, it } from 'vitest';
import {
  absenceRecorded,
  checkedIn,
  checkedOut,
  dayCorrected,
  leaveRecorded,
  type AttendanceDayEvent,
} from '../../domain/attendance/attendance-day.events.js';
import { employeeAdded, employeeChanged, employeeLeft, type EmployeeEvent } from '../../domain/attendance/employee.events.js'; // prettier-ignore
import { unitAdded, unitChanged, unitRatesReported, type UnitEvent, type UnitReportEvent } from '../../domain/attendance/unit-report.events.js'; // prettier-ignore
import type { DomainEvent } from '../../domain/shared/event.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import {
  holidayAdded,
  holidayRemoved,
  workspaceCreated,
  workspaceSettingsChanged,
} from '../../domain/workspaces/workspace.events.js';
import { evolveCalendar } from './attendance-calendar.projection.js';
import { evolveAttendanceDay, type AttendanceDayRow } from './attendance-days.projection.js';
import { evolveEmployee } from './employees.projection.js';
import { naturalKey } from './natural-order.js';
import { evolveUnitReport, unitReportsProjection, type UnitReportRow } from './unit-reports.projection.js';
import { evolveUnit } from './units.projection.js';

const id = '5f0c2c5e-6f0a-5c58-9b1e-0d7a3a5b6c11';
const of = { employeeId: id, day: '2026-03-02' };
const at = (time: string, day = of.day): { at: string; localTime: string } => ({ at: `${day}T${time}.000Z`, localTime: time }); // prettier-ignore

/** In an envelope, as the n-th event of its stream. */
const recorded = <Event extends DomainEvent>(category: string, event: Event, revision = 0): RecordedEvent<Event> =>
  ({
    id,
    streamName: `${category}-${id}`,
    revision,
    position: { commit: BigInt(revision), prepare: BigInt(revision) },
    recordedAt: '2026-03-02T12:00:00.000Z',
    metadata: {
      workspaceId: id,
      actor: { kind: 'user', id: 'manager-1' },
      commandId: id,
      $correlationId: id,
      $causationId: id,
      schemaVersion: 1,
      occurredAt: '2026-03-02T12:00:00.000Z',
    },
    type: event.type,
    data: event.data,
  }) as unknown as RecordedEvent<Event>;

function foldAll<State, Event extends DomainEvent>(
  category: string,
  evolve: (state: State | undefined, event: RecordedEvent<Event>) => State | undefined,
  events: readonly Event[],
): State | undefined {
  return events.reduce<State | undefined>((row, event, n) => evolve(row, recorded(category, event, n)), undefined);
}

const dayAfter = (...events: AttendanceDayEvent[]): AttendanceDayRow | undefined =>
  foldAll('attendance', evolveAttendanceDay, events);

const employeeAfter = (...events: EmployeeEvent[]) => foldAll('employee', evolveEmployee, events);
const reportAfter = (...events: UnitReportEvent[]) =>
  foldAll<UnitReportRow, UnitReportEvent>('unit-report', evolveUnitReport, events);

describe('a row of attendance days', () => {
  it('has the hours from check-in to check-out, across midnight too', () => {
    expect(dayAfter(checkedIn({ ...of, ...at('09:00:00') }))).toMatchObject({
      status: 'present',
      seconds_worked: null,
    });
    expect(dayAfter(checkedIn({ ...of, ...at('22:00:00') }), checkedOut({ ...of, ...at('06:30:15', '2026-03-03') }))).toMatchObject({
      attendance_id: id,
      day: '2026-03-02',
      check_in_local: '22:00:00',
      check_out_local: '06:30:15',
      seconds_worked: 8.5 * 3600 + 15,
      version: 2,
    }); // prettier-ignore
  });
  it('keeps nothing of what a correction replaced, but who corrected it and why', () => {
    const row = dayAfter(
      checkedIn({ ...of, ...at('09:00:00') }),
      dayCorrected({ ...of, to: { status: 'leave', kind: 'sick', note: 'ill' }, reason: 'wrong badge' }),
    );
    expect(row).toMatchObject({
      status: 'leave',
      leave_kind: 'sick',
      note: 'ill',
      check_in: null,
      check_in_local: null,
      correction_reason: 'wrong badge',
      corrected_by: 'manager-1',
      version: 2,
    });
  });
  it('stays as cleared, and counts again after the next check-in', () => {
    const cleared = dayCorrected({ ...of, to: { status: 'none' }, reason: 'wrong person' });
    expect(dayAfter(absenceRecorded({ ...of, reason: 'late' }), cleared)).toMatchObject({ status: 'none', reason: null }); // prettier-ignore
    expect(dayAfter(absenceRecorded({ ...of, reason: null }), cleared, checkedIn({ ...of, ...at('09:00:00') }))).toMatchObject({
      status: 'present',
      correction_reason: 'wrong person',
    }); // prettier-ignore
  });
  it('takes the last reason and kind', () => {
    expect(dayAfter(absenceRecorded({ ...of, reason: null }), absenceRecorded({ ...of, reason: 'doctor' }))?.reason).toBe('doctor'); // prettier-ignore
    expect(dayAfter(leaveRecorded({ ...of, kind: 'vacation', note: null }), leaveRecorded({ ...of, kind: 'unpaid', note: null }))?.leave_kind).toBe('unpaid'); // prettier-ignore
  });
});

describe('a row of employees', () => {
  const added = employeeAdded({ number: 'E10', name: 'Ann', department: 'Sales', title: null, startedOn: null });

  it('follows changes, to null as well, and the last day', () => {
    const changed = employeeChanged({ from: { department: 'Sales' }, to: { department: null, title: 'Lead' } });
    expect(employeeAfter(added, changed, employeeLeft({ on: '2026-06-30' }))).toMatchObject({
      employee_id: id,
      name: 'Ann',
      department: null,
      title: 'Lead',
      left_on: '2026-06-30',
      version: 3,
    });
  });
  it('orders numbers as people do', () => {
    expect(['E10', 'E9', 'E1', 'D2'].toSorted((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : 1))).toEqual(['D2', 'E1', 'E9', 'E10']); // prettier-ignore
  });
});

describe('the calendar', () => {
  it('has the present settings and holidays', () => {
    const settings = { timeZone: 'UTC', currency: 'EUR', weekStart: 1, workingDays: [1, 2, 3], lateAfter: '09:00' };
    const rows = foldAll('workspace', evolveCalendar, [
      workspaceCreated({ name: 'W', settings }),
      holidayAdded({ date: '2026-05-01', name: 'May' }),
      holidayAdded({ date: '2026-01-01', name: 'New Year' }),
      workspaceSettingsChanged({ from: { lateAfter: '09:00' }, to: { lateAfter: '10:00' } }),
      holidayRemoved({ date: '2026-05-01' }),
    ]);
    expect(rows).toEqual({ calendar_of: id, working_days: ['1', '2', '3'], late_after: '10:00', holidays: ['2026-01-01'] }); // prettier-ignore
  });
});

describe('a row of units', () => {
  it('follows changes', () => {
    const events: UnitEvent[] = [
      unitAdded({ code: 'A', name: 'First', group: 'M' }),
      unitChanged({ from: { group: 'M' }, to: { group: null } }),
    ];
    expect(foldAll('unit', evolveUnit, events)).toEqual({ unit_id: id, code: 'A', name: 'First', unit_group: null, version: 2 }); // prettier-ignore
  });
});

describe('a row of unit reports', () => {
  const first = unitRatesReported({
    day: '2026-03-02',
    rates: [
      { code: 'A', ratePct: '92.5' },
      { code: 'B', ratePct: null },
      { code: 'C', ratePct: '0' },
    ],
    totalPct: '91',
  });
  const second = unitRatesReported({ day: '2026-03-02', rates: [{ code: 'B', ratePct: '80.25' }], totalPct: null });

  it('counts units with a rate above 0 as reporting', () => {
    expect(reportAfter(first)).toMatchObject({
      reporting: 1,
      not_reporting: 2,
      rate_sum: 92_500_000n,
      total_pct: '91',
    });
  });
  it('replaces the rate of a unit named again, and keeps the total', () => {
    expect(reportAfter(first, second)).toMatchObject({ reporting: 2, not_reporting: 1, rate_sum: 172_750_000n, total_pct: '91' }); // prettier-ignore
  });
  it('gives a row for each unit, and adds those with a rate to their months', () => {
    const row = reportAfter(first);
    if (!row || unitReportsProjection.kind !== 'entity') throw new Error('no row');
    expect(unitReportsProjection.details?.[0]?.rows(row)).toEqual([
      { day: '2026-03-02', code: 'A', rate: 92_500_000n },
      { day: '2026-03-02', code: 'B', rate: null },
      { day: '2026-03-02', code: 'C', rate: 0n },
    ]);
    expect(unitReportsProjection.rollups?.[0]?.contributions(row)).toEqual([
      { month: '2026-03-01', code: 'A', days: 1n, rate_sum: 92_500_000n },
    ]);
  });
});
