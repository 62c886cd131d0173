/** Attendance days as the API shows and takes them, from and to what commands speak of. */
import type { Accepted } from '../../commands/shared/command.js';
import type { CorrectDay } from '../../commands/attendance/correct-day.command.js';
import type { RecordLeave } from '../../commands/attendance/record-leave.command.js';
import { secondsBetween } from '../../domain/shared/time.js';
import type { AttendanceDayRecord } from '../../projections/attendance/attendance-days.queries.js';
import type { InputOf } from '../shared/mutate.js';
import type { StateOf } from './arguments.js';

type AttendanceDayState = StateOf<CorrectDay>;

const BLANK = {
  checkInAt: null,
  checkInTime: null,
  checkOutAt: null,
  checkOutTime: null,
  secondsWorked: null,
  reason: null,
  leaveKind: null,
  note: null,
} as const;

/** The day as the command left it, before any read model shows it. */
export function dayOfState({ id, state, version }: Accepted<AttendanceDayState>): {
  readonly attendanceDay: AttendanceDayRecord | null;
} {
  if (!state.of) return { attendanceDay: null };
  return {
    attendanceDay: {
      id,
      ...state.of,
      status: state.status,
      ...BLANK,
      ...contentOf(state),
      correctionReason: state.correction?.reason ?? null,
      correctedBy: state.correction?.by ?? null,
      version,
    },
  };
}

function contentOf(state: AttendanceDayState): Partial<AttendanceDayRecord> {
  switch (state.status) {
    case 'present': {
      const { checkIn, checkOut } = state;
      return {
        checkInAt: checkIn.at,
        checkInTime: checkIn.localTime,
        checkOutAt: checkOut?.at ?? null,
        checkOutTime: checkOut?.localTime ?? null,
        secondsWorked: checkOut && Math.floor(secondsBetween(checkIn.at, checkOut.at)),
      };
    }
    case 'absent':
      return { reason: state.reason };
    case 'leave':
      return { leaveKind: state.kind, note: state.note };
    case 'none':
      return {};
  }
}

type CorrectionTo = CorrectDay['input']['to'];

/** `correctAttendanceDay`'s input: one flat object where the command has a kind of object for each status. */
export type CorrectionInput = Omit<InputOf<CorrectDay>, 'to'> & {
  readonly to: { readonly status: string; readonly kind?: string | null };
};

/** The command's schema takes the fields of the status and leaves the others out. */
export const correctionInput = (input: CorrectionInput): InputOf<CorrectDay> => ({
  ...input,
  // Its zod schema says what is missing for the status.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  to: { ...input.to, status: input.to.status.toLowerCase(), kind: input.to.kind?.toLowerCase() } as CorrectionTo,
});

/** GraphQL's names of leave kinds are those of the domain in capitals. */
export const leaveInput = (input: InputOf<RecordLeave> & { readonly kind: string }): InputOf<RecordLeave> => ({
  ...input,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  kind: input.kind.toLowerCase() as RecordLeave['input']['kind'],
});

export const leaveOutcome = ({ state }: Accepted<StateOf<RecordLeave>>): object => ({
  recordedDays: state.recorded,
  refusedDays: state.refused,
});
