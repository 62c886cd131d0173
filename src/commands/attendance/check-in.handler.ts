import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { AttendanceDays } from './attendance-days.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';

import { CheckIn, checkInInput } from './check-in.command.js';

@CommandHandler(CheckIn)
export class CheckInHandler implements ICommandHandler<CheckIn> {
  constructor(private readonly days: AttendanceDays) {}

  async execute({ input: raw, context }: CheckIn): Promise<CommandResult<AttendanceDayState>> {
    const input = checkInput(checkInInput, raw);
    if (input instanceof Rejection) return input;
    const clocked = await this.days.clock(context, input.at);
    if (clocked instanceof Rejection) return clocked;
    const of = { employeeId: input.employeeId, day: clocked.localDay };
    return this.days.write(
      { ...context, occurredAt: clocked.at },
      { type: 'checkIn', ...of, clocked },
      { firstWrite: true },
    );
  }
}
