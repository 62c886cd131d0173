/**
 * What the store knows of each stream without asking Postgres: its last revision, its metadata, and where recent event ids
 * went. This store is the only writer, so what is in here is true; what is not is loaded, many streams in one query.
 */
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { textArray } from './binary-array.js';
import type { DefaultAcls } from './security/stream-acl.js';
import { NO_REVISION, baseOf, isMetastream, metastreamOf } from './stored-event.js';
import { isSoftDeleted, parseStreamMetadata, type StreamMetadata } from './stream-metadata.js';
import type { WrittenAt } from './write-decision.js';

/** A stream together with its metastream. */
export interface StreamState {
  readonly last: number;
  readonly metaLast: number;
  /** The newest metadata, as written and as understood; undefined when there never was any. */
  readonly metadata: { readonly raw: Uint8Array; readonly parsed: StreamMetadata } | undefined;
}

/** About 200 bytes each: some 40 MB at most. */
const MAX_STREAMS = 200_000;
/** A real node keeps about 8 MB of ids. */
const MAX_RECENT_IDS = 50_000;

export const unknownStream: StreamState = { last: NO_REVISION, metaLast: NO_REVISION, metadata: undefined };

export const lastRevision = (state: StreamState, stream: string): number =>
  isMetastream(stream) ? state.metaLast : state.last;

export const softDeleted = (state: StreamState, stream: string): boolean =>
  !isMetastream(stream) && isSoftDeleted(state.metadata?.parsed);

export class StreamStates {
  /** Of `$settings`; kept up to date by the store's security where it has one. */
  defaultAcls: DefaultAcls = {};
  readonly #states = new LRUCache<string, StreamState>({ max: MAX_STREAMS });
  readonly #recent = new LRUCache<string, WrittenAt & { readonly stream: string }>({ max: MAX_RECENT_IDS });

  /** @param stream a stream's name or its metastream's */
  get(stream: string): StreamState | undefined {
    return this.#states.get(baseOf(stream));
  }

  set(base: string, state: StreamState): void {
    this.#states.set(base, state);
  }

  recent(stream: string, id: string): WrittenAt | undefined {
    const found = this.#recent.get(id);
    return found?.stream === stream ? found : undefined;
  }

  remember(stream: string, id: string, at: WrittenAt): void {
    this.#recent.set(id, { stream, revision: at.revision, position: at.position });
  }

  /** After events were written that did not come through here. */
  clear(): void {
    this.#states.clear();
    this.#recent.clear();
  }
}

/** The states of streams, from Postgres, by base name. Relies on event_stream_revision, two probes per stream. */
export async function loadStates(
  client: pg.ClientBase | pg.Pool,
  bases: readonly string[],
): Promise<Map<string, StreamState>> {
  const answer = await client.query<[string, string | null, string | null, Buffer | null]>({
    name: 'stream-states',
    rowMode: 'array',
    text: `SELECT wanted.base, last.revision, meta.revision, meta.data
             FROM unnest($1::text[], $2::text[]) AS wanted (base, metastream)
             LEFT JOIN LATERAL (SELECT revision FROM eventstore.event
                                 WHERE stream = wanted.base ORDER BY revision DESC LIMIT 1) last ON true
             LEFT JOIN LATERAL (SELECT revision, data FROM eventstore.event
                                 WHERE stream = wanted.metastream ORDER BY revision DESC LIMIT 1) meta ON true`,
    values: [textArray(bases), textArray(bases.map(metastreamOf))],
  });
  return new Map(
    answer.rows.map(([base, last, metaLast, raw]) => [
      base,
      {
        last: last === null ? NO_REVISION : Number(last),
        metaLast: metaLast === null ? NO_REVISION : Number(metaLast),
        metadata: raw === null ? undefined : { raw, parsed: parseStreamMetadata(raw) },
      },
    ]),
  );
}
