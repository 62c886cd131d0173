import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { z } from 'zod';
import type { AttendanceDayState, Correction } from '../../domain/attendance/attendance-day.decider.js';
import { AttendanceDays } from './attendance-days.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandContext, CommandResult } from '../shared/command.js';

import { CorrectDay, correctDayInput } from './correct-day.command.js';

type CorrectDayInput = z.output<typeof correctDayInput>;

@CommandHandler(CorrectDay)
export class CorrectDayHandler implements ICommandHandler<CorrectDay> {
  constructor(private readonly days: AttendanceDays) {}

  async execute({ input: raw, context }: CorrectDay): Promise<CommandResult<AttendanceDayState>> {
    const input = checkInput(correctDayInput, raw);
    if (input instanceof Rejection) return input;
    const { employeeId, day, reason, expectedVersion } = input;
    const to = await this.correction(context, input.to);
    if (to instanceof Rejection) return to;
    return this.days.write(context, { type: 'correct', employeeId, day, to, reason }, { expectedVersion });
  }

  /** The wanted content, with instants on the workspace's wall clock. */
  private async correction(context: CommandContext, to: CorrectDayInput['to']): Promise<Correction | Rejection> {
    switch (to.status) {
      case 'present': {
        const checkIn = await this.days.clock(context, to.checkInAt, ['to', 'checkInAt']);
        if (checkIn instanceof Rejection || !to.checkOutAt) {
          return checkIn instanceof Rejection ? checkIn : { status: 'present', checkIn, checkOut: null };
        }
        const checkOut = await this.days.clock(context, to.checkOutAt, ['to', 'checkOutAt']);
        return checkOut instanceof Rejection ? checkOut : { status: 'present', checkIn, checkOut };
      }
      case 'absent':
        return { status: 'absent', reason: to.reason ?? null };
      case 'leave':
        return { status: 'leave', kind: to.kind, note: to.note ?? null };
      case 'none':
        return { status: 'none' };
    }
  }
}
