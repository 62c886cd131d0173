import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { attendanceDayDecider, type AttendanceDayCommand, type LocalClocked } from './attendance-day.decider.js';
import { absenceRecorded, checkedIn, checkedOut, dayCorrected, leaveRecorded } from './attendance-day.events.js';

const attendance = deciderSpec(attendanceDayDecider);
const of = { employeeId: '5f0c2c5e-6f0a-5c58-9b1e-0d7a3a5b6c11', day: '2026-03-02' };

/** In a workspace on UTC. */
const clocked = (time: string, localDay = of.day): LocalClocked => ({ at: `${localDay}T${time}.000Z`, localTime: time, localDay }); // prettier-ignore
const stored = ({ at, localTime }: LocalClocked): { at: string; localTime: string } => ({ at, localTime });
const nextDay = (time: string): LocalClocked => clocked(time, '2026-03-03');

const checkIn = (at: LocalClocked): AttendanceDayCommand => ({ ...of, type: 'checkIn', clocked: at });
const checkOut = (at: LocalClocked): AttendanceDayCommand => ({ ...of, type: 'checkOut', clocked: at });
const recordAbsence = (reason: string | null): AttendanceDayCommand => ({ ...of, type: 'recordAbsence', reason });
const recordLeave: AttendanceDayCommand = { ...of, type: 'recordLeave', kind: 'vacation', note: null };
const correctToNone: AttendanceDayCommand = {
  ...of,
  type: 'correct',
  to: { status: 'none' },
  reason: 'wrong person',
};

const inAtNine = checkedIn({ ...of, ...stored(clocked('09:00:00')) });
const outAtFive = checkedOut({ ...of, ...stored(clocked('17:00:00')) });
const absent = absenceRecorded({ ...of, reason: null });
const onLeave = leaveRecorded({ ...of, kind: 'vacation', note: null });
const cleared = dayCorrected({ ...of, to: { status: 'none' }, reason: 'wrong person' });

describe('check in', () => {
  it('begins the day', () => {
    attendance.given([]).when(checkIn(clocked('09:00:00'))).then([inAtNine]); // prettier-ignore
  });
  it('is refused a second time on the same day', () => {
    attendance.given([inAtNine]).when(checkIn(clocked('09:30:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
    attendance.given([inAtNine, outAtFive]).when(checkIn(clocked('18:00:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
  });
  it('is refused on a day of absence or leave, unless that was corrected', () => {
    attendance.given([absent]).when(checkIn(clocked('09:00:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
    attendance.given([onLeave]).when(checkIn(clocked('09:00:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
    attendance.given([absent, cleared]).when(checkIn(clocked('09:00:00'))).then([inAtNine]); // prettier-ignore
  });
  it('is refused for an instant of another day', () => {
    attendance.given([]).when(checkIn(nextDay('00:10:00'))).then(rejection('INVALID', ['at'])); // prettier-ignore
  });
});

describe('check out', () => {
  it('ends the day', () => {
    attendance.given([inAtNine]).when(checkOut(clocked('17:00:00'))).then([outAtFive]); // prettier-ignore
  });
  it('is refused without a check-in', () => {
    attendance.given([]).when(checkOut(clocked('17:00:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
    attendance.given([absent]).when(checkOut(clocked('17:00:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
  });
  it('is refused before or at the check-in', () => {
    attendance.given([inAtNine]).when(checkOut(clocked('08:59:59'))).then(rejection('INVALID', ['at'])); // prettier-ignore
    attendance.given([inAtNine]).when(checkOut(clocked('09:00:00'))).then(rejection('INVALID', ['at'])); // prettier-ignore
  });
  it('is refused a second time', () => {
    attendance.given([inAtNine, outAtFive]).when(checkOut(clocked('18:00:00'))).then(rejection('NOT_ALLOWED_NOW')); // prettier-ignore
  });
  it('of a night shift may fall on the next day, within 24 hours', () => {
    const inAtTen = checkedIn({ ...of, ...stored(clocked('22:00:00')) });
    attendance
      .given([inAtTen])
      .when(checkOut(nextDay('06:00:00')))
      .then([checkedOut({ ...of, ...stored(nextDay('06:00:00')) })]);
    attendance.given([inAtTen]).when(checkOut(nextDay('22:00:01'))).then(rejection('INVALID', ['at'])); // prettier-ignore
  });
});

describe('absence and leave', () => {
  it('are recorded on a day that has nothing yet', () => {
    attendance.given([]).when(recordAbsence(null)).then([absent]);
    attendance.given([]).when(recordLeave).then([onLeave]);
  });
  it('take another reason or kind later', () => {
    attendance.given([absent]).when(recordAbsence('doctor')).then([absenceRecorded({ ...of, reason: 'doctor' })]); // prettier-ignore
    attendance
      .given([onLeave])
      .when({ ...of, type: 'recordLeave', kind: 'sick', note: null })
      .then([leaveRecorded({ ...of, kind: 'sick', note: null })]);
  });
  it('do not overwrite each other or a presence', () => {
    attendance.given([inAtNine]).when(recordAbsence(null)).then(rejection('NOT_ALLOWED_NOW'));
    attendance.given([inAtNine]).when(recordLeave).then(rejection('NOT_ALLOWED_NOW'));
    attendance.given([absent]).when(recordLeave).then(rejection('NOT_ALLOWED_NOW'));
    attendance.given([onLeave]).when(recordAbsence(null)).then(rejection('NOT_ALLOWED_NOW'));
  });
});

const present = (inAt: LocalClocked, outAt: LocalClocked | null): AttendanceDayCommand => ({
  ...of,
  type: 'correct',
  to: { status: 'present', checkIn: inAt, checkOut: outAt },
  reason: 'clock was broken',
});

describe('a correction', () => {
  it('replaces all that stood', () => {
    attendance
      .given([absent])
      .when(present(clocked('08:00:00'), clocked('16:00:00')))
      .then([
        dayCorrected({
          ...of,
          to: { status: 'present', checkIn: stored(clocked('08:00:00')), checkOut: stored(clocked('16:00:00')) },
          reason: 'clock was broken',
        }),
      ]);
    attendance.given([inAtNine, outAtFive]).when(correctToNone).then([cleared]);
  });
  it('records a day that had nothing, but does not clear one', () => {
    attendance
      .given([])
      .when({ ...of, type: 'correct', to: { status: 'absent', reason: 'ill' }, reason: 'told by phone' })
      .then([dayCorrected({ ...of, to: { status: 'absent', reason: 'ill' }, reason: 'told by phone' })]);
    attendance.given([]).when(correctToNone).then(rejection('NOT_FOUND'));
  });
  it('obeys the same clock as everybody', () => {
    attendance
      .given([absent])
      .when(present(clocked('16:00:00'), clocked('08:00:00')))
      .then(rejection('INVALID', ['to', 'checkOutAt']));
    attendance
      .given([absent])
      .when(present(nextDay('08:00:00'), null))
      .then(rejection('INVALID', ['to', 'checkInAt']));
  });
  it('of the same to the same for the same reason is nothing', () => {
    attendance.given([inAtNine, cleared]).when(correctToNone).then(nothing());
  });
  it('leaves an open presence that can be checked out of', () => {
    const open = dayCorrected({
      ...of,
      to: { status: 'present', checkIn: stored(clocked('08:00:00')), checkOut: null },
      reason: 'clock was broken',
    });
    attendance.given([absent, open]).when(checkOut(clocked('17:00:00'))).then([outAtFive]); // prettier-ignore
  });
});
