/** The way of every command to one employee's one day: the workspace's clock, the employee's existence, then the stream. */
import { Injectable } from '@nestjs/common';
import { attendanceDayIdOf } from '../../domain/attendance/attendance.ids.js';
import {
  attendanceDayDecider,
  type AttendanceDayCommand,
  type AttendanceDayState,
  type LocalClocked,
} from '../../domain/attendance/attendance-day.decider.js';
import { employeeDecider } from '../../domain/attendance/employee.decider.js';
import { reject, type Rejection } from '../../domain/shared/rejection.js';
import { secondsBetween, toLocal, type LocalDate } from '../../domain/shared/time.js';
import { Clock } from '../ports/clock.port.js';
import { WorkspaceSettingsReader } from '../ports/workspace-settings.port.js';
import type { CommandContext, CommandResult } from '../shared/command.js';
import { DecisionRunner, type DecisionRequest } from '../shared/decision-runner.js';

type WriteOptions = Pick<DecisionRequest<never, never, never>, 'firstWrite' | 'expectedVersion'>;

/** How far a clock of another machine may run ahead of ours. */
const CLOCK_SKEW_SECONDS = 300;

@Injectable()
export class AttendanceDays {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly settings: WorkspaceSettingsReader,
    private readonly now: Clock,
  ) {}

  /**
   * An instant on the workspace's wall clock.
   * @param at the context's `occurredAt`, or now, when absent
   * @returns a rejection for an instant in the future, or when there is no such workspace
   */
  async clock(context: CommandContext, at?: string | null, field = ['at']): Promise<LocalClocked | Rejection> {
    const now = this.now.now();
    const instant = at ?? context.occurredAt ?? now;
    if (secondsBetween(now, instant) > CLOCK_SKEW_SECONDS) {
      return reject('INVALID', 'this instant lies in the future', field);
    }
    const settings = await this.settings.read(context);
    if (!settings) return reject('NOT_FOUND', 'there is no such workspace');
    const { date, time } = toLocal(instant, settings.timeZone);
    return { at: instant, localTime: time, localDay: date };
  }

  /** Refuses unknown employees, and days after the last one of those who have left, except that what stands there by mistake is taken away. */
  async write(
    context: CommandContext,
    command: AttendanceDayCommand,
    options: WriteOptions = {},
  ): Promise<CommandResult<AttendanceDayState>> {
    const { employeeId, day } = command;
    const employee = await this.runner.peek('employee', employeeId, employeeDecider, context);
    if (!employee?.state.exists) return reject('NOT_FOUND', 'there is no such employee', ['employeeId']);
    const { leftOn } = employee.state;
    const takesAway = command.type === 'correct' && command.to.status === 'none';
    if (leftOn && day > leftOn && !takesAway) {
      return reject('NOT_ALLOWED_NOW', `this employee's last day was ${leftOn}`, ['day'], { leftOn });
    }
    return this.runner.run({
      category: 'attendance',
      id: attendanceDayIdOf(context.workspaceId, employeeId, day),
      decider: attendanceDayDecider,
      command,
      context,
      ...options,
    });
  }

  /** What is recorded on a day, at most a second old; undefined when nothing ever was. */
  async look(context: CommandContext, employeeId: string, day: LocalDate): Promise<AttendanceDayState | undefined> {
    const id = attendanceDayIdOf(context.workspaceId, employeeId, day);
    return (await this.runner.peek('attendance', id, attendanceDayDecider, context))?.state;
  }
}
