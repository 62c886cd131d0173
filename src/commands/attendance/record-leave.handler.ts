import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { deriveId } from '../../domain/shared/ids.js';
import { reject, Rejection } from '../../domain/shared/rejection.js';
import { addDays, secondsBetween, type LocalDate } from '../../domain/shared/time.js';
import { checkInput } from '../shared/check-input.js';
import type { Accepted, CommandContext, CommandResult } from '../shared/command.js';
import { AttendanceDays } from './attendance-days.js';
import { RecordLeave, recordLeaveInput, type LeaveOutcome } from './record-leave.command.js';

/** Days written at the same time: enough to share the log's commits, few enough to leave room for others. */
const AT_ONCE = 16;

@CommandHandler(RecordLeave)
export class RecordLeaveHandler implements ICommandHandler<RecordLeave> {
  constructor(private readonly days: AttendanceDays) {}

  async execute({ input: raw, context }: RecordLeave): Promise<CommandResult<LeaveOutcome>> {
    const input = checkInput(recordLeaveInput, raw);
    if (input instanceof Rejection) return input;
    const { employeeId, from, to, kind, note = null } = input;
    const results: { readonly day: LocalDate; readonly result: CommandResult<AttendanceDayState> }[] = [];
    const days = daysFrom(from, to ?? from);
    for (let start = 0; start < days.length; start += AT_ONCE) {
      const batch = days.slice(start, start + AT_ONCE).map(async (day) => ({
        day,
        result: await this.days.write(
          contextOfDay(context, day),
          { type: 'recordLeave', employeeId, day, kind, note },
          { firstWrite: true },
        ),
      }));
      results.push(...(await Promise.all(batch)));
    }
    return summary(employeeId, results);
  }
}

/** Each day is a stream and a command of its own, with an id that the same command gives again. */
const contextOfDay = (context: CommandContext, day: LocalDate): CommandContext => ({
  ...context,
  commandId: deriveId('leave-day', context.commandId, day),
  causationId: context.commandId,
});

function daysFrom(from: LocalDate, to: LocalDate): LocalDate[] {
  // Counted: behind the last day of the calendar there is none to compare with.
  const count = secondsBetween(`${from}T00:00:00Z`, `${to}T00:00:00Z`) / 86_400 + 1;
  return Array.from({ length: count }, (_, index) => addDays(from, index));
}

function summary(
  employeeId: string,
  results: readonly { readonly day: LocalDate; readonly result: CommandResult<AttendanceDayState> }[],
): CommandResult<LeaveOutcome> {
  const recorded: LocalDate[] = [];
  const refused: LeaveOutcome['refused'][number][] = [];
  let last: Accepted<AttendanceDayState> | undefined;
  let written = 0;
  for (const { day, result } of results) {
    if (result instanceof Rejection) {
      refused.push({ day, code: result.code, message: result.message });
      continue;
    }
    recorded.push(day);
    written += result.written;
    if (!last || result.position.commit > last.position.commit) last = result;
  }
  const [first] = refused;
  if (!last) {
    return first
      ? reject(first.code, `no day could be recorded; ${first.day}: ${first.message}`, [], {
          refusedDays: refused.length,
        })
      : reject('INVALID', 'leave has at least one day', ['to']);
  }
  const { position } = last;
  return { accepted: true, id: employeeId, state: { employeeId, recorded, refused }, version: 0, position, written };
}
