/**
 * Does what operators asked for events that are parked: tries them again, or gives them up.
 *
 * Goes once through all that wait, oldest first. What is parked and was not asked for goes on blocking its stream and row;
 * everything that nothing blocks any more has its turn. So a stream's or row's events are applied in their order or not at all,
 * and the first that fails again keeps those behind it.
 *
 * The runner applies nothing else meanwhile, so that nothing new can overtake.
 */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent } from '../ports/event-log.port.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import type { ShareId } from './build-registry.js';
import { beginAttempt, discardHeld, endAttempt, openEvents, removeHeld, type OpenEvent } from './parked-events.js';
import { Blocked } from './parking.js';
import { reasonOf } from './parking-reason.js';

/** Events applied in one transaction; more of one stream or row take several, in order. */
const AT_ONCE = 512;

export interface RetryParts {
  readonly database: WriteDatabase;
  readonly share: ShareId;
  readonly readAgain: EventLog['readAgain'];
  /**
   * Folds and commits the events, and what else is to be written with them; the checkpoint stays.
   * @returns why they could not be applied @throws when it is not the events' fault
   */
  apply(
    events: readonly RecordedEvent[],
    bytes: number,
    also: (session: WriteSession) => Promise<void>,
  ): Promise<Error | undefined>;
  /** One has failed again. */
  failed(event: OpenEvent, reason: string, attempts: number): void;
}

export async function answerRequests(parts: RetryParts): Promise<void> {
  const { database, share } = parts;
  const open = await openEvents(database, share);
  const given = open.filter(({ asked }) => asked === 'discard');
  if (given.length > 0) await parts.apply([], 0, async (session) => discardHeld(session, share, given));
  const blocked = new Blocked();
  let turn: OpenEvent[] = [];
  for (const event of open) {
    if (event.asked === 'discard') continue;
    if (blocked.has(event) || (event.failure && event.asked !== 'retry')) blocked.add(event);
    else turn.push(event);
    if (turn.length < AT_ONCE) continue;
    await tryTogether(parts, turn, blocked);
    turn = [];
  }
  if (turn.length > 0) await tryTogether(parts, turn, blocked);
}

/** All of them in one transaction; when that fails, one after the other. */
async function tryTogether(parts: RetryParts, turn: readonly OpenEvent[], blocked: Blocked): Promise<void> {
  const { database, share } = parts;
  const asked = turn.filter(({ failure }) => failure);
  await beginAttempt(database, share, asked);
  const read = await readAll(parts, turn).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))); // prettier-ignore
  if (read instanceof Error) {
    // The log is away: it is not their fault, and whoever asked may ask again.
    await endAttempt(database, share, asked, `the log could not be read again: ${read.name}`);
    for (const event of turn) blocked.add(event);
    return;
  }
  const good = turn.flatMap((event) => {
    const item = read.get(event.eventId);
    return item?.kind === 'event' ? [item] : [];
  });
  const remove = async (session: WriteSession): Promise<void> => removeHeld(session, share, turn);
  if (good.length === turn.length) {
    const bytes = good.reduce((sum, item) => sum + item.bytes, 0);
    if (!(await parts.apply(good.map(({ event }) => event), bytes, remove))) return; // prettier-ignore
  }
  for (const event of turn) await tryAlone(parts, event, read.get(event.eventId), blocked);
}

async function tryAlone(
  parts: RetryParts,
  event: OpenEvent,
  item: LoggedEvent | undefined,
  blocked: Blocked,
): Promise<void> {
  const { database, share } = parts;
  if (blocked.has(event)) {
    blocked.add(event);
    // One that was asked for, and has not had its turn: an earlier one of its stream or row failed.
    if (event.failure) await endAttempt(database, share, [event]);
    return;
  }
  // Those that were asked for are counted already.
  if (!event.failure) await beginAttempt(database, share, [event]);
  const error = await tried(parts, event, item);
  if (!error) return;
  blocked.add(event);
  const reason = reasonOf(error, item?.kind === 'event' ? item.event : undefined);
  await endAttempt(database, share, [event], reason);
  parts.failed(event, reason, (event.failure?.attempts ?? 0) + 1);
}

async function tried(parts: RetryParts, event: OpenEvent, item: LoggedEvent | undefined): Promise<Error | undefined> {
  if (!item) return new Gone('the log no longer has it');
  if (item.kind === 'malformed') return item.error;
  return parts.apply([item.event], item.bytes, async (session) => removeHeld(session, parts.share, [event]));
}

class Gone extends Error {
  override readonly name = 'Gone';
}

/** By event id, one read for each stream. */
async function readAll(
  { readAgain }: RetryParts,
  turn: readonly OpenEvent[],
): Promise<ReadonlyMap<string, LoggedEvent>> {
  const streams = new Map<string, { from: number; to: number }>();
  for (const { streamName, revision } of turn) {
    const known = streams.get(streamName);
    // The log's order is also the stream's.
    if (known) known.to = revision;
    else streams.set(streamName, { from: revision, to: revision });
  }
  const read = new Map<string, LoggedEvent>();
  for (const [streamName, { from, to }] of streams) {
    for (const item of await readAgain(streamName, from, to - from + 1)) {
      read.set(item.kind === 'event' ? item.event.id : item.id, item);
    }
  }
  return read;
}
