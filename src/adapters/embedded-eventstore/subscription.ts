/**
 * Catch-up subscriptions.
 *
 *   confirmation ──► history (Postgres) ──head reached──► live (memory) ──fell out of the live window──► history …
 *
 * A subscription is a position in the log. Whether to read on from Postgres or from memory, and whether the head is
 * reached, is decided in one turn of the event loop, in which nothing can be committed: so the hand-over neither loses nor
 * repeats an event. A slow client holds its subscription's position back, not a buffer of its own.
 */
import { randomUUID } from 'node:crypto';
import { expired, firstReadable, messageFor } from './link-resolver.js';
import type { LiveLog } from './live-log.js';
import type { LogReader } from './log-reader.js';
import { caughtUpMessage, checkpointMessage, confirmationMessage } from './messages.js';
import type { Outbound } from './outbound.js';
import type { ReadRequest } from './read-request.js';
import { streamDeleted } from './rpc-errors.js';
import { TOMBSTONE_REVISION, type StoredEvent } from './stored-event.js';
import { lastRevision } from './stream-states.js';

const PAGE = 1_000;

type Subscribe<Kind extends ReadRequest['kind']> = Extract<ReadRequest, { kind: Kind }>;

/** Runs until the client goes; throws ClientGone then, or the error that ends the subscription. */
export async function subscribeToAll(
  request: Subscribe<'subscribe-all'>,
  reader: LogReader,
  live: LiveLog,
  out: Outbound,
): Promise<void> {
  const { matches, checkpointEvery } = request;
  let cursor = request.from === 'start' ? 0 : request.from === 'end' ? live.head : request.from;
  let considered = 0;
  let lastCheckpoint = cursor;
  await out.write(confirmationMessage(randomUUID()));

  const checkpoint = async (): Promise<void> => {
    considered = 0;
    if (cursor <= lastCheckpoint) return;
    lastCheckpoint = cursor;
    await out.write(checkpointMessage(cursor));
  };
  const take = async (event: StoredEvent): Promise<void> => {
    if (matches(event)) {
      const message = messageFor(reader, event, request);
      const full = out.write(message instanceof Buffer ? message : await message);
      if (full) await full;
    }
    cursor = event.position;
    considered++;
  };

  for (;;) {
    let page: Promise<StoredEvent[]> | undefined;
    while (cursor < live.head && !live.covers(cursor + 1)) {
      const events = await (page ?? reader.allPage({ from: cursor + 1, to: live.head, backwards: false }, PAGE));
      // The next page is fetched while this one is being sent.
      const end = events.at(-1)?.position;
      if (end === undefined) throw new Error(`the log has no event at position ${cursor + 1}, before its head`);
      page = live.covers(end + 1)
        ? undefined
        : reader.allPage({ from: end + 1, to: live.head, backwards: false }, PAGE);
      page?.catch(() => undefined);
      for (const event of events) await take(event);
      cursor = end;
      if (checkpointEvery !== undefined && considered >= checkpointEvery) await checkpoint();
    }
    for (let event = live.get(cursor + 1); event; event = live.get(cursor + 1)) {
      await take(event);
      if (checkpointEvery !== undefined && considered >= checkpointEvery) await checkpoint();
    }
    // Not at the head: what follows has left the window while this client was slow.
    if (cursor < live.head) continue;
    if (checkpointEvery !== undefined) await checkpoint();
    if (cursor < live.head) continue;
    await out.write(caughtUpMessage);
    cursor = await follow(cursor);
  }

  /** Sends what is committed from here on; returns when this client has fallen behind the live window. */
  async function follow(from: number): Promise<number> {
    cursor = from;
    while (!out.gone.aborted) {
      for (let event = live.get(cursor + 1); event; event = live.get(cursor + 1)) {
        await take(event);
        if (checkpointEvery !== undefined && considered >= checkpointEvery) await checkpoint();
      }
      if (cursor < live.head) return cursor;
      await live.beyond(cursor, out.gone);
    }
    return cursor;
  }
}

/** As to `$all`, for one stream: history by revision, live by the stream's name. */
export async function subscribeToStream(
  request: Subscribe<'subscribe-stream'>,
  reader: LogReader,
  live: LiveLog,
  out: Outbound,
): Promise<void> {
  const { stream } = request;
  await out.write(confirmationMessage(randomUUID()));
  let cursor = live.head;
  let state = await reader.streamState(stream);
  if (state.last === TOMBSTONE_REVISION) throw streamDeleted(stream);
  let revision = request.from === 'start' ? -1 : request.from === 'end' ? lastRevision(state, stream) : request.from;

  const take = async (event: StoredEvent): Promise<void> => {
    revision = event.revision;
    const message = messageFor(reader, event, request);
    const full = out.write(message instanceof Buffer ? message : await message);
    if (full) await full;
    if (event.revision === TOMBSTONE_REVISION) throw streamDeleted(stream);
  };

  for (;;) {
    // Everything up to `cursor` is in Postgres; what is read beyond it is known again by its revision below.
    for (let more = lastRevision(state, stream) > revision; more;) {
      const from = Math.max(revision + 1, firstReadable(state, stream));
      const events = await reader.streamPage(stream, { from, to: TOMBSTONE_REVISION, backwards: false }, PAGE);
      for (const event of events) {
        if (expired(state, stream, event)) revision = event.revision;
        else await take(event);
      }
      more = events.length > 0;
    }
    await out.write(caughtUpMessage);
    while (live.covers(cursor + 1)) {
      for (let event = live.get(cursor + 1); event; event = live.get(cursor + 1)) {
        if (event.stream === stream && event.revision > revision) await take(event);
        cursor = event.position;
      }
      await live.beyond(cursor, out.gone);
      if (out.gone.aborted) return;
    }
    cursor = live.head;
    state = await reader.streamState(stream);
  }
}
