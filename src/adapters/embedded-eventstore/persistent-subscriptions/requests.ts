/** Reads what clients ask of persistent subscriptions into the store's own terms. */
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import { InvalidFilter, describeFilter, matcherOf, type FilterDescription } from '../event-filter.js';
import { readNumber, readStreamName } from '../requests.js';
import { invalidArgument } from '../rpc-errors.js';
import { failed } from './errors.js';
import { ALL, STRATEGIES, type GroupSettings, type StartFrom, type StrategyName } from './group-definition.js';

type CreateOptions = InstanceType<typeof persistent.CreateReq.Options>;
type UpdateOptions = InstanceType<typeof persistent.UpdateReq.Options>;

export interface GroupName {
  readonly stream: string;
  readonly group: string;
}

export interface GroupRequest extends GroupName {
  readonly settings: GroupSettings;
  readonly startFrom: StartFrom;
}

/** Beyond this a revision stands for the end: the client sends 2^64 - 1. */
const LARGEST_REVISION = 2n ** 63n;
const TICKS_PER_MS = 10_000;

/** @param head the last position of `$all` @throws RpcError, BadRequest */
export function readCreate(
  options: CreateOptions | undefined,
  head: number,
): GroupRequest & { readonly filter: FilterDescription | undefined } {
  const filterOptions = options?.getAll()?.getFilter();
  try {
    const filter = filterOptions && describeFilter(filterOptions);
    if (filter) matcherOf(filter);
    return { ...readGroup(options, head, options?.getSettings()?.getConsumerStrategy() ?? ''), filter };
  } catch (error) {
    if (error instanceof InvalidFilter) throw invalidArgument(error.message);
    throw error;
  }
}

/** @throws RpcError, BadRequest */
export const readUpdate = (options: UpdateOptions | undefined, head: number): GroupRequest =>
  readGroup(options, head, '');

interface NameOptions {
  getStreamIdentifier(): InstanceType<typeof shared.StreamIdentifier> | undefined;
  hasAll(): boolean;
  getGroupName(): string;
}

/** @throws BadRequest */
export function readGroupName(options: NameOptions | undefined): GroupName {
  if (!options) throw invalidArgument('The request has no options.');
  const stream = options.hasAll() ? ALL : readStreamName(options.getStreamIdentifier());
  return { stream, group: options.getGroupName() };
}

function readGroup(
  options: CreateOptions | UpdateOptions | undefined,
  head: number,
  strategyName: string,
): GroupRequest {
  const settings = options?.getSettings();
  if (!options || !settings) throw invalidArgument('The request has no options or no settings.');
  const all = options.getAll();
  const streamOptions = options.getStream();
  // Clients of before 21.10, and 6.2.1, name the stream beside its options.
  const stream = all ? ALL : readStreamName(streamOptions?.getStreamIdentifier() ?? options.getStreamIdentifier());
  const name = { stream, group: options.getGroupName() };
  const startFrom = all
    ? readPosition(all, name, head)
    : streamOptions
      ? readStart(streamOptions)
      : readRevision(settings.getRevision());
  return { ...name, startFrom, settings: readSettings(settings, strategyName, name) };
}

function readRevision(text: string): StartFrom {
  if (BigInt(text) >= LARGEST_REVISION) return 'end';
  return readNumber(text) || 'start';
}

function readStart(options: { hasEnd(): boolean; hasRevision(): boolean; getRevision(): string }): StartFrom {
  if (options.hasEnd()) return 'end';
  return options.hasRevision() ? readRevision(options.getRevision()) : 'start';
}

function readPosition(
  all: InstanceType<typeof persistent.CreateReq.AllOptions> | InstanceType<typeof persistent.UpdateReq.AllOptions>,
  { stream, group }: GroupName,
  head: number,
): StartFrom {
  const position = all.getPosition();
  if (!position) return all.hasEnd() ? 'end' : 'start';
  const commit = readNumber(position.getCommitPosition());
  const prepare = readNumber(position.getPreparePosition());
  if (prepare > commit)
    throw failed(stream, group, 'Commit position must be greater than or equal to prepare position');
  if (commit > head) throw failed(stream, group, `Position ${commit} is beyond the end of $all, ${head}`);
  return commit === 0 ? 'start' : commit;
}

type Settings = InstanceType<typeof persistent.CreateReq.Settings> | InstanceType<typeof persistent.UpdateReq.Settings>;

function readSettings(settings: Settings, strategyName: string, { stream, group }: GroupName): GroupSettings {
  const ms = (isTicks: boolean, ticks: string, milliseconds: number): number =>
    count(isTicks ? Math.floor(readNumber(ticks) / TICKS_PER_MS) : milliseconds);
  const readBatchSize = Math.max(1, settings.getReadBatchSize());
  const historyBufferSize = count(settings.getHistoryBufferSize());
  if (readBatchSize >= historyBufferSize) {
    throw failed(
      stream,
      group,
      `Buffer size (${historyBufferSize}) must be larger than read batch size (${readBatchSize})`,
    );
  }
  const strategy = strategyName === '' ? STRATEGIES[settings.getNamedConsumerStrategy()] : asStrategy(strategyName);
  if (!strategy) throw failed(stream, group, `Consumer strategy ${strategyName} does not exist.`);
  return {
    resolveLinks: settings.getResolveLinks(),
    extraStatistics: settings.getExtraStatistics(),
    maxRetryCount: count(settings.getMaxRetryCount()),
    minCheckpointCount: count(settings.getMinCheckpointCount()),
    maxCheckpointCount: count(settings.getMaxCheckpointCount()),
    maxSubscriberCount: count(settings.getMaxSubscriberCount()),
    liveBufferSize: count(settings.getLiveBufferSize()),
    historyBufferSize,
    readBatchSize,
    messageTimeoutMs: ms(
      settings.hasMessageTimeoutTicks(),
      settings.getMessageTimeoutTicks(),
      settings.getMessageTimeoutMs(),
    ),
    checkpointAfterMs: ms(
      settings.hasCheckpointAfterTicks(),
      settings.getCheckpointAfterTicks(),
      settings.getCheckpointAfterMs(),
    ),
    strategy,
  };
}

const count = (value: number): number => Math.max(0, value);

const asStrategy = (name: string): StrategyName | undefined => STRATEGIES.find((strategy) => strategy === name);
