/** Which shard of a build a stream belongs to. All events of one stream are in one shard, so they keep their order. */

/** FNV-1a over the name's code units: 32 bits, the same in every process and version. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function streamHash(streamName: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < streamName.length; i++) {
    hash = Math.imul(hash ^ streamName.charCodeAt(i), 0x01_00_01_93);
  }
  return hash >>> 0;
}

/** @returns 0 to shards - 1 */
export const shardOf = (streamName: string, shards: number): number =>
  shards === 1 ? 0 : streamHash(streamName) % shards;
