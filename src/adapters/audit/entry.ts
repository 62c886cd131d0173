/**
 * An event as auditors get it and as the Merkle tree hashes it: one line of JSON, always the same bytes for the same event.
 *
 *   {"position":"12/12","recordedAt":"2026-03-01T09:30:00.1230000Z","stream":"task-…","revision":3,"id":"…",
 *    "type":"work.TaskClosed","contentType":"application/json","metadata":{…},"data":{…}}
 *
 * Metadata and data are the log's own bytes, not parsed and written anew: what is stored encrypted is hashed encrypted, so
 * that the erasure of a key changes no hash. Bytes that are not JSON on one line stand in base64 as `metadata64`, `data64`.
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { LogPosition } from '../../domain/shared/recorded-event.js';

/** Bytes that can stand in a line as they are, or their base64. */
export type Payload = { readonly text: string } | { readonly base64: string };

/** An event exactly as the log holds it. */
export interface LogEntry {
  /** `commit/prepare`. */
  readonly position: string;
  /** ISO 8601 in UTC with the log's seven digits of a second. */
  readonly recordedAt: string;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly metadata: Payload;
  readonly data: Payload;
}

export interface EntryPage {
  /** May be empty: the log holds other workspaces' events as well. */
  readonly entries: readonly LogEntry[];
  /** How far the log has been read. */
  readonly readTo: LogPosition;
}

/** The events of one workspace in the log's order, behind one position and up to another. */
export type EntrySource = (after?: LogPosition, until?: LogPosition) => AsyncIterable<EntryPage>;

export function payloadOf(bytes: Uint8Array): Payload {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = isUtf8(buffer) ? buffer.toString('utf8') : undefined;
  if (text !== undefined && !/[\r\n]/.test(text) && isJson(text)) return { text };
  return { base64: buffer.toString('base64') };
}

/** The line, without its end. */
export function entryText(entry: LogEntry): string {
  const { position, recordedAt, stream, revision, id, type, contentType, metadata, data } = entry;
  // Positions, times and ids have nothing to escape.
  return (
    `{"position":"${position}","recordedAt":"${recordedAt}","stream":${JSON.stringify(stream)},"revision":${revision},` +
    `"id":"${id}","type":${JSON.stringify(type)},"contentType":${JSON.stringify(contentType)},` +
    `${payloadText('metadata', metadata)},${payloadText('data', data)}}`
  );
}

export const payloadText = (name: string, payload: Payload): string =>
  'text' in payload ? `"${name}":${payload.text}` : `"${name}64":"${payload.base64}"`;

/** What an entry says, read for people and for who searches it. The raw bytes are in its text. */
export const entrySchema = z.object({
  position: z.string(),
  recordedAt: z.string(),
  stream: z.string(),
  revision: z.int(),
  id: z.string(),
  type: z.string(),
  contentType: z.string(),
  metadata: z.unknown(),
  data: z.unknown(),
});

/** Ticks of 100 ns since the Unix epoch, as the event store counts. */
export function recordedAtOf(ticks: string): string {
  const milliseconds = ticks.slice(0, -4);
  if (milliseconds !== lastMilliseconds) {
    lastMilliseconds = milliseconds;
    lastInstant = new Date(Number(milliseconds)).toISOString().slice(0, -1);
  }
  return `${lastInstant}${ticks.slice(-4).padStart(4, '0')}Z`;
}

/** Neighbours in the log were often recorded in the same instant, and formatting a date costs as much as parsing an event. */
let lastMilliseconds = '';
let lastInstant = '';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
