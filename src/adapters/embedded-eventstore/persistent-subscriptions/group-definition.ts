/** What a persistent subscription is set up to do, as it is asked for, and as it is kept in `$persistentSubscriptionConfig`. */
import { z } from 'zod';
import type { FilterDescription } from '../event-filter.js';

export const ALL = '$all';

/** In the order of the protocol's enum; it has no number for the last, which is asked for by name. */
export const STRATEGIES = ['DispatchToSingle', 'RoundRobin', 'Pinned', 'PinnedByCorrelation'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

export interface GroupSettings {
  readonly resolveLinks: boolean;
  readonly extraStatistics: boolean;
  /** How often a message is pushed again before it is parked. */
  readonly maxRetryCount: number;
  /** How many messages must be done before the next checkpoint: at the time for one, and at any time. */
  readonly minCheckpointCount: number;
  readonly maxCheckpointCount: number;
  /** 0: any number. */
  readonly maxSubscriberCount: number;
  /** How many messages wait for consumers: while the group is live, and while it reads history. */
  readonly liveBufferSize: number;
  readonly historyBufferSize: number;
  readonly readBatchSize: number;
  readonly messageTimeoutMs: number;
  /** 0: checkpoints by count alone. */
  readonly checkpointAfterMs: number;
  readonly strategy: StrategyName;
}

/** Inclusive: a revision of the stream, or a position of `$all`. */
export type StartFrom = number | 'start' | 'end';

export interface GroupDefinition {
  /** `$all` or a stream. */
  readonly stream: string;
  readonly group: string;
  readonly filter: FilterDescription | undefined;
  readonly settings: GroupSettings;
  readonly startFrom: StartFrom;
  /**
   * What `startFrom` came to: everything after this is delivered until there is a checkpoint. Kept, so that a restart
   * before the first checkpoint of a group that began at the end does not begin at a later end.
   */
  readonly startAfter: number;
}

/** Names the group in the streams of its own and to its consumers. */
export const subscriptionId = ({ stream, group }: Pick<GroupDefinition, 'stream' | 'group'>): string =>
  `${stream}::${group}`;

/** A place in the group's source, as checkpoints and statistics write it. */
export const formatPlace = (stream: string, place: number): string =>
  stream === ALL ? `C:${place}/P:${place}` : String(place);

/** The other way round; undefined for what is no place. */
export function parsePlace(text: string): number | undefined {
  const [, number] = /^(?:C:)?(\d{1,16})(?:\/P:\d+)?$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** How a real node writes where a group starts: the client reads these as start and end. */
export function formatStart(stream: string, startFrom: StartFrom): string {
  return formatPlace(stream, startFrom === 'start' ? 0 : startFrom === 'end' ? -1 : startFrom);
}

const entrySchema = z.object({
  stream: z.string(),
  group: z.string(),
  filter: z
    .object({ by: z.enum(['type', 'stream']), regex: z.string(), prefixes: z.array(z.string()) })
    .nullish()
    .transform((filter) => filter ?? undefined),
  resolveLinkTos: z.boolean(),
  extraStatistics: z.boolean(),
  messageTimeout: z.number(),
  startPosition: z.string(),
  startAfter: z.number(),
  liveBufferSize: z.number(),
  historyBufferSize: z.number(),
  maxRetryCount: z.number(),
  readBatchSize: z.number(),
  checkPointAfter: z.number(),
  minCheckPointCount: z.number(),
  maxCheckPointCount: z.number(),
  maxSubscriberCount: z.number(),
  namedConsumerStrategy: z.enum(STRATEGIES),
});
const configSchema = z.object({ version: z.literal('2'), entries: z.array(entrySchema) });
type Entry = z.input<typeof entrySchema>;

/** The names of a real node, with `startAfter` and the shape of `filter` our own. */
export function writeConfig(definitions: readonly GroupDefinition[], updatedBy: string, updated: Date): Buffer {
  const entries = definitions.map(({ stream, group, filter, settings, startFrom, startAfter }): Entry => ({
    stream,
    group,
    ...(filter && { filter: { ...filter, prefixes: [...filter.prefixes] } }),
    resolveLinkTos: settings.resolveLinks,
    extraStatistics: settings.extraStatistics,
    messageTimeout: settings.messageTimeoutMs,
    startPosition: formatStart(stream, startFrom),
    startAfter,
    liveBufferSize: settings.liveBufferSize,
    historyBufferSize: settings.historyBufferSize,
    maxRetryCount: settings.maxRetryCount,
    readBatchSize: settings.readBatchSize,
    checkPointAfter: settings.checkpointAfterMs,
    minCheckPointCount: settings.minCheckpointCount,
    maxCheckPointCount: settings.maxCheckpointCount,
    maxSubscriberCount: settings.maxSubscriberCount,
    namedConsumerStrategy: settings.strategy,
  }));
  return Buffer.from(JSON.stringify({ version: '2', updated: updated.toISOString(), updatedBy, entries }));
}

/** @throws when it is no configuration of this shape */
export function readConfig(data: Uint8Array): GroupDefinition[] {
  return configSchema.parse(JSON.parse(Buffer.from(data).toString('utf8'))).entries.map((entry) => ({
    stream: entry.stream,
    group: entry.group,
    filter: entry.filter,
    startFrom: parseStart(entry.startPosition),
    startAfter: entry.startAfter,
    settings: {
      resolveLinks: entry.resolveLinkTos,
      extraStatistics: entry.extraStatistics,
      maxRetryCount: entry.maxRetryCount,
      minCheckpointCount: entry.minCheckPointCount,
      maxCheckpointCount: entry.maxCheckPointCount,
      maxSubscriberCount: entry.maxSubscriberCount,
      liveBufferSize: entry.liveBufferSize,
      historyBufferSize: entry.historyBufferSize,
      readBatchSize: entry.readBatchSize,
      messageTimeoutMs: entry.messageTimeout,
      checkpointAfterMs: entry.checkPointAfter,
      strategy: entry.namedConsumerStrategy,
    },
  }));
}

function parseStart(text: string): StartFrom {
  if (text.includes('-1')) return 'end';
  const place = parsePlace(text);
  return place === undefined || place === 0 ? 'start' : place;
}
