/** An event that a read model could not apply, as operators see it: where it is and why, and none of its data. */
import { keysetOrder } from '../shared/keyset.js';

/** parked: was tried and failed; behind: waits for an earlier one of its stream or row; discarded: given up by an operator. */
export const PARKED_STATES = ['parked', 'behind', 'discarded'] as const;
export type ParkedEventState = (typeof PARKED_STATES)[number];

export interface ParkedEvent {
  readonly projection: string;
  readonly build: string;
  /** The two halves of its position in the log, which names it to `retry` and `discard`. */
  readonly commit: string;
  readonly prepare: string;
  readonly state: ParkedEventState;
  readonly type: string;
  readonly eventId: string;
  readonly stream: string;
  readonly revision: number;
  /** A digest of the row's key: the same for all that wait for one row. Null when it is about no row that could be found. */
  readonly rowKey: string | null;
  readonly workspaceId: string | null;
  /** Null of one that has not been tried. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly parkedAt: string;
  readonly lastFailedAt: string | null;
  /** `retry`, `discard` or `trying`: somebody asked for it, and it is not done yet. */
  readonly asked: string | null;
  /** Of one that was discarded. */
  readonly discardedAt: string | null;
  readonly discardedBy: string | null;
  readonly because: string | null;
}

export interface ParkedFilter {
  /** Every projection when absent. */
  readonly projection?: string | undefined;
  readonly states: readonly ParkedEventState[];
}

/** By projection, and in the order of the log. */
export const parkedOrder = keysetOrder('parkedEvents', [
  { sql: 'b.projection', field: 'projection', type: 'text' },
  { sql: 'p.commit_position', field: 'commit', type: 'bigint' },
  { sql: 'p.prepare_position', field: 'prepare', type: 'bigint' },
]);
