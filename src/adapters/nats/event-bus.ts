/** Where events go for integrators, whatever carries them: NATS JetStream, or Postgres NOTIFY where there is no NATS. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';

export interface EventBus {
  /**
   * Takes events in log order; returns when every one of them is safe with the receiver. Retries by itself while the
   * receiver is away; giving the same events again is harmless.
   * @throws when `signal` has ended it, or what carries the events is gone for good
   */
  publish(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
