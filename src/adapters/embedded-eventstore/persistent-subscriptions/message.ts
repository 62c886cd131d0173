/** An event on its way to a consumer, and back again if it must be. */
import type { ResolvedEvent } from '../messages.js';
import type { StoredEvent } from '../stored-event.js';

export interface Message extends ResolvedEvent {
  /** What acknowledges it: the id of the link if there is one, else of the event. */
  readonly id: string;
  /** The record that was pushed: the link if there is one, else the event. */
  readonly original: StoredEvent;
  /** Counts what the group has taken from its source, from 1; 0 for a message that was parked and is replayed. */
  readonly sequence: number;
  /** Its revision in the parked stream, of a message that is replayed. */
  readonly parkedAt: number | undefined;
  /** What it takes in memory. */
  readonly bytes: number;
  /** How often it was pushed before. */
  retryCount: number;
}

/** An event's own names and numbers, its place in maps, and the buffer objects. */
const OVERHEAD_BYTES = 512;

export function messageOf(resolved: ResolvedEvent, sequence: number, parkedAt?: number): Message {
  const original = resolved.link ?? resolved.event;
  if (!original) throw new Error('a message has an event or a link');
  return {
    event: resolved.event,
    link: resolved.link,
    id: original.id,
    original,
    sequence,
    parkedAt,
    bytes: sizeOf(resolved.event) + sizeOf(resolved.link),
    retryCount: 0,
  };
}

const sizeOf = (event: StoredEvent | undefined): number =>
  event ? event.data.length + event.metadata.length + OVERHEAD_BYTES : 0;
