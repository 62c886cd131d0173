/** The workspace's calendar and currency for sales: on which local day an instant falls, and what today is. */
import { Injectable } from '@nestjs/common';
import { reject, type Rejection } from '../../domain/shared/rejection.js';
import { fromLocal, toLocal, type LocalDate } from '../../domain/shared/time.js';
import { Clock } from '../ports/clock.port.js';
import { WorkspaceSettingsReader } from '../ports/workspace-settings.port.js';
import type { CommandContext } from '../shared/command.js';

export interface SaleTime {
  readonly day: LocalDate;
  /** Null when only the day is known. */
  readonly soldAt: string | null;
  /** The business time of the event: the instant, or the day's beginning. */
  readonly occurredAt: string;
  /** The workspace's own currency. */
  readonly currency: string;
}

@Injectable()
export class SaleCalendar {
  constructor(
    private readonly settings: WorkspaceSettingsReader,
    private readonly clock: Clock,
  ) {}

  /** When a document is from: the instant and the day as given, the one worked out from the other, or now. */
  async timeOf(
    context: CommandContext,
    given: { readonly day?: LocalDate | null | undefined; readonly soldAt?: string | null | undefined } = {},
  ): Promise<SaleTime | Rejection> {
    const settings = await this.settings.read(context);
    if (!settings) return reject('NOT_FOUND', 'there is no such workspace');
    const { timeZone, currency } = settings;
    if (given.day && !given.soldAt) {
      const occurredAt = context.occurredAt ?? fromLocal(given.day, '00:00', timeZone);
      return { day: given.day, soldAt: null, occurredAt, currency };
    }
    const soldAt = given.soldAt ?? context.occurredAt ?? this.clock.now();
    return { day: given.day ?? toLocal(soldAt, timeZone).date, soldAt, occurredAt: soldAt, currency };
  }
}
