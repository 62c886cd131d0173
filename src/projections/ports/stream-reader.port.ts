/** One stream of the log, for folding one thing without its read model. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';

export abstract class StreamReader {
  /**
   * All events of a stream, upcast and checked; undefined when there is none.
   * @throws EventStoreUnavailable (safe to retry), StreamTooLong, MalformedEvent
   */
  abstract readStream(streamName: string): Promise<{ readonly events: readonly RecordedEvent[] } | undefined>;
}
