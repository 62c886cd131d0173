import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AttendanceDayState, LocalClocked } from '../../domain/attendance/attendance-day.decider.js';
import { AttendanceDays } from './attendance-days.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { addDays, type LocalDate } from '../../domain/shared/time.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandContext, CommandResult } from '../shared/command.js';

import { CheckOut, checkOutInput } from './check-out.command.js';

@CommandHandler(CheckOut)
export class CheckOutHandler implements ICommandHandler<CheckOut> {
  constructor(private readonly days: AttendanceDays) {}

  async execute({ input: raw, context }: CheckOut): Promise<CommandResult<AttendanceDayState>> {
    const input = checkInput(checkOutInput, raw);
    if (input instanceof Rejection) return input;
    const clocked = await this.days.clock(context, input.at);
    if (clocked instanceof Rejection) return clocked;
    const { employeeId } = input;
    const day = input.day ?? (await this.dayToEnd(context, employeeId, clocked));
    return this.days.write({ ...context, occurredAt: clocked.at }, { type: 'checkOut', employeeId, day, clocked });
  }

  /**
   * The local day, unless nobody checked in on it and the day before was still open at midnight: a night shift.
   * A day before that a check-out of this local day has ended counts too, so that the same command again finds its day.
   */
  private async dayToEnd(context: CommandContext, employeeId: string, clocked: LocalClocked): Promise<LocalDate> {
    const today = clocked.localDay;
    if ((await this.days.look(context, employeeId, today))?.status === 'present') return today;
    const yesterday = addDays(today, -1);
    const before = await this.days.look(context, employeeId, yesterday);
    if (before?.status !== 'present') return today;
    const { checkIn, checkOut } = before;
    // A check-out with an earlier time of day than the check-in, within 24 hours, lies on the next day.
    const endedToday = checkOut !== null && checkOut.localTime <= checkIn.localTime;
    return checkOut === null || endedToday ? yesterday : today;
  }
}
