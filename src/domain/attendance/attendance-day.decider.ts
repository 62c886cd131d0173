/**
 * One employee's one day: present (checked in, perhaps out), absent, on leave, or nothing yet. What stands can be completed
 * (a check-out, another reason) but turns into something else only by a manager's correction, which replaces all of it.
 */
import type { Decider, Decision } from '../shared/decider.js';
import { reject, type Rejection } from '../shared/rejection.js';
import { addDays, secondsBetween, type LocalDate } from '../shared/time.js';
import {
  absenceRecorded,
  checkedIn,
  checkedOut,
  dayCorrected,
  leaveRecorded,
  type AttendanceDayEvent,
  type CorrectedDay,
  type LeaveKind,
} from './attendance-day.events.js';

/** An instant and the workspace's wall clock at it. */
export interface Clocked {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly localTime: string;
}

/** The employee and day that a stream is of. */
export interface OfDay {
  readonly employeeId: string;
  readonly day: LocalDate;
}

/** What is so on the day. */
export type DayContent =
  | { readonly status: 'none' }
  | { readonly status: 'present'; readonly checkIn: Clocked; readonly checkOut: Clocked | null }
  | { readonly status: 'absent'; readonly reason: string | null }
  | { readonly status: 'leave'; readonly kind: LeaveKind; readonly note: string | null };

export type AttendanceDayState = DayContent & {
  /** Whose and which day; null before the first event. */
  readonly of: OfDay | null;
  /** Who corrected the day last, and why; null when nobody did. */
  readonly correction: { readonly reason: string; /** The actor's id. */ readonly by: string | null } | null;
};

/** An instant with its local day, by which the decider checks that it belongs to this day. */
export interface LocalClocked extends Clocked {
  readonly localDay: LocalDate;
}

export type Correction =
  | { readonly status: 'present'; readonly checkIn: LocalClocked; readonly checkOut: LocalClocked | null }
  | Exclude<DayContent, { status: 'present' }>;

export type AttendanceDayCommand = OfDay &
  (
    | { readonly type: 'checkIn'; readonly clocked: LocalClocked }
    | { readonly type: 'checkOut'; readonly clocked: LocalClocked }
    | { readonly type: 'recordAbsence'; readonly reason: string | null }
    | { readonly type: 'recordLeave'; readonly kind: LeaveKind; readonly note: string | null }
    | { readonly type: 'correct'; readonly to: Correction; readonly reason: string }
  );

/** A longer presence is a forgotten check-out, which a manager corrects. */
const LONGEST_SHIFT_SECONDS = 24 * 3600;

export const attendanceDayDecider: Decider<AttendanceDayState, AttendanceDayCommand, AttendanceDayEvent> = {
  initialState: { status: 'none', of: null, correction: null },

  evolve(state, event) {
    const of = { employeeId: event.data.employeeId, day: event.data.day };
    const kept = { of, correction: state.correction };
    switch (event.type) {
      case 'attendance.CheckedIn':
        return { status: 'present', checkIn: clockedOf(event.data), checkOut: null, ...kept };
      case 'attendance.CheckedOut':
        return state.status === 'present' ? { ...state, checkOut: clockedOf(event.data) } : state;
      case 'attendance.AbsenceRecorded':
        return { status: 'absent', reason: event.data.reason, ...kept };
      case 'attendance.LeaveRecorded':
        return { status: 'leave', kind: event.data.kind, note: event.data.note, ...kept };
      case 'attendance.DayCorrected':
        return {
          ...event.data.to,
          of,
          correction: { reason: event.data.reason, by: event.metadata?.actor.id ?? null },
        };
    }
  },

  decide(command, state) {
    const of = { employeeId: command.employeeId, day: command.day };
    switch (command.type) {
      case 'checkIn':
        return checkIn(of, command.clocked, state);
      case 'checkOut':
        return checkOut(of, command.clocked, state);
      case 'recordAbsence':
        if (state.status === 'absent' && state.reason === command.reason) return [];
        if (state.status !== 'none' && state.status !== 'absent') return standsOtherwise(of.day, state);
        return [absenceRecorded({ ...of, reason: command.reason })];
      case 'recordLeave':
        if (state.status === 'leave' && state.kind === command.kind && state.note === command.note) return [];
        if (state.status !== 'none' && state.status !== 'leave') return standsOtherwise(of.day, state);
        return [leaveRecorded({ ...of, kind: command.kind, note: command.note })];
      case 'correct':
        return correct(of, command, state);
    }
  },
};

function checkIn(of: OfDay, clocked: LocalClocked, state: AttendanceDayState): Decision<AttendanceDayEvent> {
  if (state.status === 'present') {
    return state.checkIn.at === clocked.at
      ? []
      : reject('NOT_ALLOWED_NOW', `already checked in on ${of.day}, at ${state.checkIn.localTime}`);
  }
  if (state.status !== 'none') return standsOtherwise(of.day, state);
  return refuseCheckInOfOtherDay(of.day, clocked) ?? [checkedIn({ ...of, ...clockedOf(clocked) })];
}

function checkOut(of: OfDay, clocked: LocalClocked, state: AttendanceDayState): Decision<AttendanceDayEvent> {
  if (state.status === 'none') return reject('NOT_ALLOWED_NOW', `no check-in on ${of.day} to check out from`);
  if (state.status !== 'present') return standsOtherwise(of.day, state);
  if (state.checkOut) {
    return state.checkOut.at === clocked.at
      ? []
      : reject('NOT_ALLOWED_NOW', `already checked out of ${of.day}, at ${state.checkOut.localTime}`);
  }
  return refuseShift(of.day, state.checkIn, clocked, ['at']) ?? [checkedOut({ ...of, ...clockedOf(clocked) })];
}

function correct(
  of: OfDay,
  { to, reason }: Extract<AttendanceDayCommand, { type: 'correct' }>,
  state: AttendanceDayState,
): Decision<AttendanceDayEvent> {
  if (to.status === 'present') {
    const refused =
      refuseCheckInOfOtherDay(of.day, to.checkIn, ['to', 'checkInAt']) ??
      (to.checkOut ? refuseShift(of.day, to.checkIn, to.checkOut, ['to', 'checkOutAt']) : undefined);
    if (refused) return refused;
  }
  const content = contentOf(to);
  if (state.of === null && content.status === 'none') {
    return reject('NOT_FOUND', `nothing is recorded on ${of.day}`);
  }
  if (state.correction?.reason === reason && sameContent(state, content)) return [];
  return [dayCorrected({ ...of, to: content, reason })];
}

/** A shift ends after it began, on its own day or the next, and within 24 hours. */
function refuseShift(
  day: LocalDate,
  begin: Clocked,
  end: LocalClocked,
  field: readonly string[],
): Rejection | undefined {
  const seconds = secondsBetween(begin.at, end.at);
  if (seconds <= 0) return reject('INVALID', `a check-out must come after the check-in, at ${begin.localTime}`, field);
  if (seconds > LONGEST_SHIFT_SECONDS || end.localDay > addDays(day, 1)) {
    return reject('INVALID', `a check-out comes within 24 hours of the check-in of ${day}; if one was forgotten, correct the day`, field); // prettier-ignore
  }
  return undefined;
}

const refuseCheckInOfOtherDay = (day: LocalDate, clocked: LocalClocked, field = ['at']): Rejection | undefined =>
  clocked.localDay === day
    ? undefined
    : reject('INVALID', `the check-in lies on ${clocked.localDay}, not on ${day}`, field);

const standsOtherwise = (day: LocalDate, state: AttendanceDayState): Rejection =>
  reject('NOT_ALLOWED_NOW', `${day} is recorded as ${state.status}; a manager can correct the day`, [], {
    status: state.status,
  });

const clockedOf = ({ at, localTime }: Clocked): Clocked => ({ at, localTime });

/** As the event holds it: without the local days, which only the check needs. */
function contentOf(to: Correction): CorrectedDay {
  if (to.status !== 'present') return to;
  return { status: 'present', checkIn: clockedOf(to.checkIn), checkOut: to.checkOut && clockedOf(to.checkOut) };
}

function sameContent(state: DayContent, to: CorrectedDay): boolean {
  switch (to.status) {
    case 'none':
      return state.status === 'none';
    case 'present':
      return state.status === 'present' && state.checkIn.at === to.checkIn.at && state.checkOut?.at === to.checkOut?.at;
    case 'absent':
      return state.status === 'absent' && state.reason === to.reason;
    case 'leave':
      return state.status === 'leave' && state.kind === to.kind && state.note === to.note;
  }
}
