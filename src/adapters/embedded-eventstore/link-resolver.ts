/** Links: an event of type `$>` whose data is `revision@stream` stands for the event there. One level only. */
import { eventMessage, resolvedMessage, type ResolvedEvent, type UuidForm } from './messages.js';
import type { LogReader } from './log-reader.js';
import { TOMBSTONE_REVISION, type StoredEvent } from './stored-event.js';
import { lastRevision, softDeleted } from './stream-states.js';

/** The message for an event, with links resolved when the reader asked for that. Only a link needs waiting for. */
export function messageFor(
  reader: LogReader,
  event: StoredEvent,
  request: { readonly resolveLinks: boolean; readonly uuid: UuidForm },
): Buffer | Promise<Buffer> {
  if (!request.resolveLinks || event.type !== '$>') return eventMessage(event, request.uuid);
  return resolveLink(reader, event).then((resolved) => resolvedMessage(resolved, request.uuid));
}

/** A link with what it stands for: without an event when that is gone, as an event of its own when it names none. */
export async function resolveLink(reader: LogReader, link: StoredEvent): Promise<ResolvedEvent> {
  const target = Buffer.from(link.data).toString('utf8');
  const separator = target.indexOf('@');
  if (separator < 0) return { event: undefined, link };
  const revision = Number(target.slice(0, separator));
  if (separator === 0 || !Number.isSafeInteger(revision) || revision < 0) return { event: link, link: undefined };
  const event = await readable(reader, target.slice(separator + 1), revision);
  return { event, link };
}

async function readable(reader: LogReader, stream: string, revision: number): Promise<StoredEvent | undefined> {
  const state = await reader.streamState(stream);
  if (state.last === TOMBSTONE_REVISION || softDeleted(state, stream)) return undefined;
  if (revision < firstReadable(state, stream)) return undefined;
  const [event] = await reader.streamPage(stream, { from: revision, to: revision, backwards: false }, 1);
  return event && !expired(state, stream, event) ? event : undefined;
}

/** The first revision that the stream's metadata lets be read. Of a metastream only the last event is. */
export function firstReadable(state: Parameters<typeof lastRevision>[0], stream: string): number {
  if (stream.startsWith('$$')) return Math.max(0, state.metaLast);
  const { truncateBefore = 0, maxCount } = state.metadata?.parsed ?? {};
  return Math.max(truncateBefore, maxCount === undefined ? 0 : state.last - maxCount + 1);
}

/** Whether the stream's `$maxAge` hides this event. */
export function expired(state: Parameters<typeof lastRevision>[0], stream: string, event: StoredEvent): boolean {
  const maxAge = stream.startsWith('$$') ? undefined : state.metadata?.parsed.maxAge;
  return maxAge !== undefined && event.recordedAt < Date.now() - maxAge * 1000;
}
