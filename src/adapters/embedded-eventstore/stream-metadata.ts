/** What a stream's metadata says about which of its events are readable, `$maxCount`, `$maxAge`, `$tb`, and by whom, `$acl`. */
import { parseAcl, type StreamAcl } from './security/stream-acl.js';
import { TOMBSTONE_REVISION } from './stored-event.js';

export interface StreamMetadata {
  readonly maxCount?: number;
  /** Seconds. */
  readonly maxAge?: number;
  /** The first revision that is kept. */
  readonly truncateBefore?: number;
  readonly acl?: StreamAcl;
}

/** `{"$tb": 2^63 - 1}` is how a soft delete is written. */
export const SOFT_DELETE_METADATA = Buffer.from('{"$tb":9223372036854775807}');

export const isSoftDeleted = (metadata: StreamMetadata | undefined): boolean =>
  (metadata?.truncateBefore ?? 0) >= TOMBSTONE_REVISION;

/** Invalid JSON, wrong types and numbers that make no sense count as absent, as on a real node. */
export function parseStreamMetadata(data: Uint8Array): StreamMetadata {
  const content = parseObject(data);
  const positive = (key: string, least: number): number | undefined => {
    const value = content[key];
    return typeof value === 'number' && Number.isInteger(value) && value >= least ? value : undefined;
  };
  const maxCount = positive('$maxCount', 1);
  const maxAge = positive('$maxAge', 1);
  const truncateBefore = positive('$tb', 0);
  const acl = parseAcl(content['$acl']);
  return {
    ...(maxCount !== undefined && { maxCount }),
    ...(maxAge !== undefined && { maxAge }),
    ...(truncateBefore !== undefined && { truncateBefore }),
    ...(acl && { acl }),
  };
}

/** The same metadata with another first kept revision: what an undelete writes. */
export function withTruncateBefore(data: Uint8Array, truncateBefore: number): Buffer {
  return Buffer.from(JSON.stringify({ ...parseObject(data), $tb: truncateBefore }));
}

function parseObject(data: Uint8Array): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8'));
    return typeof content === 'object' && content !== null ? { ...content } : {};
  } catch {
    return {};
  }
}
