/** Streams.Read with a count: pages through a stream or `$all`, in either direction. */
import type { LiveLog } from './live-log.js';
import { expired, firstReadable, messageFor } from './link-resolver.js';
import type { LogReader } from './log-reader.js';
import { streamNotFoundMessage } from './messages.js';
import type { Outbound } from './outbound.js';
import type { ReadRequest } from './read-request.js';
import { streamDeleted } from './rpc-errors.js';
import { NO_REVISION, TOMBSTONE_REVISION } from './stored-event.js';
import { lastRevision, softDeleted } from './stream-states.js';

/** Events asked of Postgres at a time; a page is also bounded by bytes. */
const PAGE = 1_000;

type Read<Kind extends ReadRequest['kind']> = Extract<ReadRequest, { kind: Kind }>;

/** From and to are inclusive; a real node's stream reads are too. */
export async function readStream(request: Read<'read-stream'>, reader: LogReader, out: Outbound): Promise<void> {
  const { stream, backwards } = request;
  const state = await reader.streamState(stream);
  if (state.last === TOMBSTONE_REVISION) throw streamDeleted(stream);
  const last = lastRevision(state, stream);
  if (last === NO_REVISION || softDeleted(state, stream)) {
    await out.write(streamNotFoundMessage(stream));
    return;
  }
  if (request.from === 'end' && !backwards) return;
  const start = request.from === 'start' ? 0 : request.from === 'end' ? last : request.from;
  const first = firstReadable(state, stream);
  let from = backwards ? first : Math.max(start, first);
  let to = backwards ? Math.min(start, last) : last;
  for (let left = request.count; left > 0 && from <= to;) {
    const events = await reader.streamPage(stream, { from, to, backwards }, Math.min(left, PAGE));
    for (const event of events) {
      if (expired(state, stream, event)) continue;
      await send(out, messageFor(reader, event, request));
      left--;
    }
    const end = events.at(-1)?.revision;
    if (end === undefined) return;
    if (backwards) to = end - 1;
    else from = end + 1;
  }
}

/** Forwards from a position inclusive, backwards from strictly before it. */
export async function readAll(
  request: Read<'read-all'>,
  reader: LogReader,
  live: LiveLog,
  out: Outbound,
): Promise<void> {
  const { backwards, matches } = request;
  const head = live.head;
  const start = request.from === 'start' ? 0 : request.from === 'end' ? head + 1 : request.from;
  let from = backwards ? 1 : start;
  let to = backwards ? Math.min(start - 1, head) : head;
  for (let left = request.count; left > 0 && from <= to;) {
    const events = await reader.allPage({ from, to, backwards }, Math.min(left, PAGE));
    for (const event of events) {
      if (left === 0) break;
      if (!matches(event)) continue;
      await send(out, messageFor(reader, event, request));
      left--;
    }
    const end = events.at(-1)?.position;
    if (end === undefined) return;
    if (backwards) to = end - 1;
    else from = end + 1;
  }
}

/** Awaits only what needs waiting: a turn of the event loop per event would halve the rate. */
async function send(out: Outbound, message: Buffer | Promise<Buffer>): Promise<void> {
  await out.write(message instanceof Buffer ? message : await message);
}
