/** An event as the store keeps it, and the numbers the protocol gives a meaning of their own. */

/** The revision of a tombstone, 2^63 - 1 on the wire. As a JavaScript number it rounds to 2^63, which no other revision can reach. */
export const TOMBSTONE_REVISION = 2 ** 63;

/** A stream that never had an event. */
export const NO_REVISION = -1;

/** Expected revisions that are not a revision, by the server's internal numbers. */
export const EXPECT = { noStream: -1, any: -2, streamExists: -4 } as const;

/** What a client proposes to write. */
export interface ProposedEvent {
  /** Lower-case uuid with dashes. */
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  /** Its place in `$all`, from 1, gapless. */
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  /** Milliseconds since the Unix epoch. */
  readonly recordedAt: number;
}

export const isMetastream = (stream: string): boolean => stream.startsWith('$$');
export const metastreamOf = (stream: string): string => `$$${stream}`;
/** The stream whose metadata a metastream holds; any other stream is its own base. */
export const baseOf = (stream: string): string => (isMetastream(stream) ? stream.slice(2) : stream);
