/** Streams.Read in the store's own terms: which events, in which direction, once or for ever. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { checkpointInterval, compileFilter, InvalidFilter, visibleInAll, type Matches } from './event-filter.js';
import type { UuidForm } from './messages.js';
import { readNumber, readStreamName } from './requests.js';
import { invalidArgument, unknown, type RpcError } from './rpc-errors.js';

type Options = InstanceType<typeof streams.ReadReq.Options>;

/** Where to begin: the bounds are inclusive or not as the operation says. */
export type From = number | 'start' | 'end';

interface Common {
  readonly resolveLinks: boolean;
  readonly uuid: UuidForm;
}

interface Filtered {
  readonly matches: Matches;
  /** Considered events between checkpoints; undefined without a filter. */
  readonly checkpointEvery: number | undefined;
}

export type ReadRequest =
  | (Common & { kind: 'read-stream'; stream: string; from: From; count: number; backwards: boolean })
  | (Common & { kind: 'read-all'; from: From; count: number; backwards: boolean; matches: Matches })
  | (Common & { kind: 'subscribe-stream'; stream: string; from: From })
  | (Common & Filtered & { kind: 'subscribe-all'; from: From });

/** @throws RpcError for combinations that mean nothing; BadRequest for a stream name that can't be */
export function readRequest(request: InstanceType<typeof streams.ReadReq>): ReadRequest {
  const options = request.getOptions();
  if (!options) throw invalidArgument('The request has no options.');
  const uuidOption = options.getUuidOption();
  if (!uuidOption) throw invalidArgument('The request does not say how ids are to be written.');
  const common: Common = {
    resolveLinks: options.getResolveLinks(),
    uuid: uuidOption.hasStructured() ? 'structured' : 'string',
  };
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const subscription = options.hasSubscription();
  const filter = options.getFilter();
  if ((subscription && backwards) || (!subscription && !options.hasCount()) || (options.hasStream() && filter)) {
    throw invalidCombination(options);
  }
  const stream = options.getStream();
  const all = options.getAll();
  if (!stream && !all) throw invalidCombination(options);
  const count = readNumber(options.getCount());
  if (!subscription && count <= 0) throw unknown('A read asks for at least one event.');

  if (stream) {
    const name = readStreamName(stream.getStreamIdentifier());
    const from: From = stream.hasRevision() ? readNumber(stream.getRevision()) : stream.hasEnd() ? 'end' : 'start';
    if (subscription) return { ...common, kind: 'subscribe-stream', stream: name, from };
    return { ...common, kind: 'read-stream', stream: name, from, count, backwards };
  }
  const position = all?.getPosition();
  const from: From = position ? readNumber(position.getCommitPosition()) : all?.hasEnd() ? 'end' : 'start';
  try {
    const matches = filter ? compileFilter(filter) : visibleInAll;
    if (filter && !filter.hasMax() && !filter.hasCount()) throw new InvalidFilter('The filter has no window.');
    if (!subscription) return { ...common, kind: 'read-all', from, count, backwards, matches };
    return {
      ...common,
      kind: 'subscribe-all',
      from,
      matches,
      checkpointEvery: filter && checkpointInterval(filter),
    };
  } catch (error) {
    if (error instanceof InvalidFilter) throw invalidArgument(error.message);
    throw error;
  }
}

function invalidCombination(options: Options): RpcError {
  const parts = [
    options.hasStream() ? 'stream' : 'all',
    options.hasCount() ? 'count' : 'subscription',
    options.getReadDirection() === streams.ReadReq.Options.ReadDirection.FORWARDS ? 'forwards' : 'backwards',
    options.hasFilter() ? 'filter' : 'no filter',
  ];
  return invalidArgument(`The combination of ${parts.join(', ')} is invalid.`);
}
