/**
 * Publishes the log for as long as the worker runs: to NATS where there is one, else by NOTIFY. One process of all workers
 * does it; the others wait for its seat. Whatever breaks, it starts again from where publishing came.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../adapters/logging/logger.js';
import type { EventBus } from '../adapters/nats/event-bus.js';
import { publishLog } from '../adapters/nats/publish-log.js';
import { NotifyBus } from '../adapters/postgres/notify-bus.js';
import { PublisherSession } from '../adapters/postgres/publisher-session.js';
import type { EventLog } from '../projections/ports/event-log.port.js';

export interface PublisherOptions {
  readonly databaseUrl: string;
  readonly natsUrl: string | undefined;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
/** Having worked for so long, the next failure is a new one. */
const HEALTHY_MS = 60_000;

/** Returns when `signal` ends it; a broken bus never ends the worker. */
export async function runPublisher(options: PublisherOptions): Promise<void> {
  const { logger, signal } = options;
  let wait = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await publishOnce(options);
    } catch (error) {
      if (signal.aborted) return;
      if (performance.now() - startedAt > HEALTHY_MS) wait = FIRST_RETRY_MS;
      logger.error({ err: error, waitMs: wait }, 'publishing events stopped and is started again');
      await delay(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, LAST_RETRY_MS);
    }
  }
}

async function publishOnce({ databaseUrl, natsUrl, log, logger, signal }: PublisherOptions): Promise<void> {
  const published = await PublisherSession.open(databaseUrl, natsUrl === undefined ? 'notify' : 'nats', signal);
  if (!published) return;
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  let bus: EventBus | undefined;
  try {
    bus = natsUrl === undefined ? new NotifyBus(published.client) : await connectNats(natsUrl, logger);
    await Promise.race([publishLog({ log, bus, published, logger, signal: ended }), published.broken]);
  } finally {
    stop.abort();
    await bus?.close();
    await published.close();
  }
}

/** Loaded only where it is used. */
async function connectNats(url: string, logger: Logger): Promise<EventBus> {
  const { JetStreamBus } = await import('../adapters/nats/jetstream-bus.js');
  return JetStreamBus.connect({ url, logger });
}
