/**
 * The stand-in where there is no NATS: a NOTIFY per event, in log order, to whoever LISTENs on `teampulse_events`. It says
 * that something happened and where it stands in the log; the event itself is read from there. Nobody listening, nothing kept.
 */
import type { Client } from 'pg';
import { formatPosition } from '../../domain/shared/position.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventBus } from '../nats/event-bus.js';

export const NOTIFY_CHANNEL = 'teampulse_events';

/** What listeners get, as JSON; far below the 8,000 bytes that Postgres allows. */
export interface Notice {
  /** `commit/prepare`. */
  readonly position: string;
  readonly workspace: string;
  readonly type: string;
}

export class NotifyBus implements EventBus {
  constructor(private readonly client: Client) {}

  async publish(events: readonly RecordedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const notices = events.map(({ position, metadata, type }): string => {
      const notice: Notice = { position: formatPosition(position), workspace: metadata.workspaceId, type };
      return JSON.stringify(notice);
    });
    await this.client.query({
      name: 'notify',
      text: `SELECT count(pg_notify('${NOTIFY_CHANNEL}', notice)) FROM unnest($1::text[]) WITH ORDINALITY AS n (notice, place)`,
      values: [notices],
    });
  }

  /** The connection belongs to the session that lent it. */
  async close(): Promise<void> {}
}
