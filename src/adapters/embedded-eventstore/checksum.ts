/**
 * The checksum that stands beside every event: CRC-32 over all that was written of it. It finds what a disk, a memory or a
 * careless UPDATE has changed; it is no signature, and keeps nobody from changing an event and its checksum together.
 */
import { crc32 } from 'node:zlib';
import type { StoredEvent } from './stored-event.js';

/** As Postgres's `integer`, which is signed. */
export function checksumOf(event: StoredEvent): number {
  const { position, revision, recordedAt, id, isJson, stream, type, data, metadata } = event;
  // The lengths keep bytes from moving unseen from one part into the next.
  const head = `${position} ${revision} ${recordedAt} ${id} ${isJson} ${data.length} ${stream.length} ${stream} ${type}`;
  return crc32(data, crc32(metadata, crc32(head))) | 0;
}
