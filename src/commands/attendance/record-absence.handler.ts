import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AttendanceDayState } from '../../domain/attendance/attendance-day.decider.js';
import { AttendanceDays } from './attendance-days.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';

import { RecordAbsence, recordAbsenceInput } from './record-absence.command.js';

@CommandHandler(RecordAbsence)
export class RecordAbsenceHandler implements ICommandHandler<RecordAbsence> {
  constructor(private readonly days: AttendanceDays) {}

  async execute({ input: raw, context }: RecordAbsence): Promise<CommandResult<AttendanceDayState>> {
    const input = checkInput(recordAbsenceInput, raw);
    if (input instanceof Rejection) return input;
    const { employeeId, day, reason = null } = input;
    return this.days.write(context, { type: 'recordAbsence', employeeId, day, reason }, { firstWrite: true });
  }
}
