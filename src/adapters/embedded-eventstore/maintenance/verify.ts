/**
 * Whether a store is what its server wrote: every position there once, up to where the log is known to have gone, every event
 * as its checksum says, every stream's revisions without a hole and in the log's order. Reads only, beside a running server or without one.
 */
import { DatabaseError, type Client, type ClientBase } from 'pg';
import { checksumOf } from '../checksum.js';
import { COPY_COLUMNS, copyOutChecked } from '../copy-out.js';
import { page } from '../log-reader.js';
import { lostEnd } from '../reached.js';

/** One thing that is wrong, with its place. */
export interface Damage {
  readonly kind: 'missing' | 'checksum' | 'unreadable' | 'revision' | 'order';
  /** The first position that it touches. */
  readonly position: number;
  readonly stream?: string;
  readonly revision?: string;
  readonly message: string;
}

export interface Verification {
  readonly events: number;
  /** The position of the last event. */
  readonly head: number;
  /** All that is wrong; `damages` names the first MAX_NAMED of it. */
  readonly damaged: number;
  readonly damages: readonly Damage[];
}

export const MAX_NAMED = 100;
const PAGE = 1_000;

/** @param onProgress told how many positions were looked at since the last time */
export async function verifyStore(
  client: Client,
  head: number,
  onProgress: (positions: number) => void,
): Promise<Verification> {
  const found = new Findings();
  // By the index alone: a page that can't be read must not hide the events of all others.
  await client.query('SET enable_seqscan = off');
  for (let from = 1; from <= head; from += PAGE) {
    const to = Math.min(from + PAGE - 1, head);
    await verifyRange(client, from, to, found);
    onProgress(to - from + 1);
  }
  await client.query('RESET enable_seqscan');
  found.closeGap();
  await verifyRevisions(client, head, found);
  await verifyEnd(client, found);
  return { events: found.events, head, damaged: found.damaged, damages: found.damages };
}

class Findings {
  events = 0;
  damaged = 0;
  readonly damages: Damage[] = [];
  #gap: { from: number; to: number } | undefined;

  add(damage: Damage): void {
    this.damaged++;
    if (this.damages.length < MAX_NAMED) this.damages.push(damage);
  }

  /** Neighbouring positions are told as one finding. */
  missing(position: number): void {
    if (this.#gap && this.#gap.to === position - 1) {
      this.#gap.to = position;
      return;
    }
    this.closeGap();
    this.#gap = { from: position, to: position };
  }

  closeGap(): void {
    if (!this.#gap) return;
    const { from, to } = this.#gap;
    this.#gap = undefined;
    const message =
      from === to ? `there is no event at position ${from}` : `there are no events at positions ${from} to ${to}`;
    this.add({ kind: 'missing', position: from, message });
  }
}

async function verifyRange(client: Client, from: number, to: number, found: Findings): Promise<void> {
  for (let next = from; next <= to;) {
    const rows = await readable(client, next, to, found);
    if (!rows) return;
    for (const [index, event] of rows.events.entries()) {
      for (; next < event.position; next++) found.missing(next);
      next = event.position + 1;
      found.events++;
      if (checksumOf(event) === rows.checksums[index]) continue;
      const revision = String(event.revision);
      const message = `the event at position ${event.position}, ${event.stream}@${revision}, is not what was written: its checksum differs`;
      found.add({ kind: 'checksum', position: event.position, stream: event.stream, revision, message });
    }
    if (rows.events.length > 0) continue;
    for (; next <= to; next++) found.missing(next);
  }
}

/** A page, or undefined where Postgres can't read it: then its halves, until the event is found. */
async function readable(client: Client, from: number, to: number, found: Findings): ReturnType<typeof read> {
  try {
    return await read(client, from, to);
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (from === to) {
      const message = `Postgres can't read the event at position ${from}: ${error.message}`;
      found.add({ kind: 'unreadable', position: from, message });
      return undefined;
    }
    const middle = Math.floor((from + to) / 2);
    await verifyRange(client, from, middle, found);
    await verifyRange(client, middle + 1, to, found);
    return undefined;
  }
}

async function read(
  client: Client,
  from: number,
  to: number,
): Promise<Awaited<ReturnType<typeof copyOutChecked>> | undefined> {
  const where = `position BETWEEN ${BigInt(from)} AND ${BigInt(to)}`;
  return copyOutChecked(client, page(where, 'position', false, String(PAGE), `${COPY_COLUMNS}, checksum`));
}

/** Data or index corrupted (XX001, XX002), an internal error on the way (XX000), a value that can't be (22…), or the disk (58…). */
const isDamage = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^(XX|22|58)/.test(error.code ?? '');

async function verifyRevisions(client: Client, head: number, found: Findings): Promise<void> {
  try {
    for (const damage of await revisionDamages(client, head)) found.add(damage);
  } catch (error) {
    if (!isDamage(error)) throw error;
    found.add({ kind: 'unreadable', position: 0, message: `Postgres can't read the revisions of all streams: ${error.message}` }); // prettier-ignore
  }
}

async function verifyEnd(client: Client, found: Findings): Promise<void> {
  try {
    const lost = await lostEnd(client);
    if (lost) found.add({ kind: 'missing', ...lost });
  } catch (error) {
    // Whatever can't be read there was found above.
    if (!isDamage(error)) throw error;
  }
}

/** More is not told anyway. */
const MAX_FOUND = 10_000;

/**
 * Streams whose revisions have holes, or do not follow the log's order, by position.
 * Relies on event_stream_revision, or sorts: Postgres chooses, and spills to disk rather than to memory.
 */
export async function revisionDamages(client: ClientBase, head: number): Promise<Damage[]> {
  const { rows } = await client.query<[string, string, string, string | null, string | null]>({
    rowMode: 'array',
    text: `SELECT stream, revision, position, before, position_before
             FROM (SELECT stream, revision, position,
                          lag(revision) OVER by_stream AS before, lag(position) OVER by_stream AS position_before
                     FROM eventstore.event WHERE position <= $1
                   WINDOW by_stream AS (PARTITION BY stream ORDER BY revision)) event
            WHERE (revision <> 9223372036854775807 AND revision <> coalesce(before, -1) + 1) OR position < position_before
            ORDER BY position LIMIT ${MAX_FOUND}`,
    values: [head],
  });
  return rows.map(([stream, revision, position, before, positionBefore]) => {
    const at = { position: Number(position), stream, revision };
    const inOrder = Number(position) >= Number(positionBefore ?? 0);
    return inOrder
      ? { kind: 'revision', ...at, message: `stream ${stream} has no revision ${BigInt(before ?? -1) + 1n}: ${revision}, at position ${position}, follows ${before ?? 'nothing'}` }
      : { kind: 'order', ...at, message: `stream ${stream} has revision ${revision} at position ${position}, and ${before} after it, at ${positionBefore}` };
  }); // prettier-ignore
}
