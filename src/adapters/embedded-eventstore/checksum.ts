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
  return followedBy(followedBy(crc32(head), metadata), data) | 0;
}

/** zlib begins anew when it is handed no bytes at a null address, as some empty arrays are. */
const followedBy = (checksum: number, bytes: Uint8Array): number =>
  bytes.length > 0 ? crc32(bytes, checksum) : checksum;
