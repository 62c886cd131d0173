/** Which events a filtered read of `$all` wants: by event type or stream name, by regular expression or prefixes. */
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { RE2JS } from 're2js';
import type { StoredEvent } from './stored-event.js';

/** Reads, and persistent subscriptions, each have a message of their own of this shape. */
interface FilterOptions {
  getEventType(): Expression | undefined;
  getStreamIdentifier(): Expression | undefined;
}
interface Expression {
  getRegex(): string;
  getPrefixList(): string[];
}
export type Matches = (event: Pick<StoredEvent, 'type' | 'stream'>) => boolean;

/** On every read of `$all` a real node hides these, with a filter and without. */
const HIDDEN_STREAM = /^\$persistentsubscription-\$all::.*-(checkpoint|parked)$/;

export const visibleInAll: Matches = ({ type, stream }) =>
  !(
    type.startsWith('$epoch-information') ||
    (stream.startsWith('$persistentsubscription-$all::') && HIDDEN_STREAM.test(stream))
  );

/** A filter as it can be kept. The expression counts when there is one, else the prefixes. */
export interface FilterDescription {
  readonly by: 'type' | 'stream';
  readonly regex: string;
  readonly prefixes: readonly string[];
}

export class InvalidFilter extends Error {}

/** @throws InvalidFilter when the filter says nothing or its expression is no regular expression */
export const compileFilter = (filter: FilterOptions): Matches => matcherOf(describeFilter(filter));

/** @throws InvalidFilter when the filter names neither event type nor stream */
export function describeFilter(filter: FilterOptions): FilterDescription {
  const byType = filter.getEventType();
  const expression = byType ?? filter.getStreamIdentifier();
  if (!expression) throw new InvalidFilter('The filter names neither event type nor stream.');
  return { by: byType ? 'type' : 'stream', regex: expression.getRegex(), prefixes: expression.getPrefixList() };
}

/** @throws InvalidFilter as compileFilter */
export function matcherOf({ by, regex, prefixes }: FilterDescription): Matches {
  const test = compileExpression(regex, prefixes);
  return by === 'type'
    ? (event) => test(event.type) && visibleInAll(event)
    : (event) => test(event.stream) && visibleInAll(event);
}

function compileExpression(regex: string, prefixes: readonly string[]): (text: string) => boolean {
  if (regex) return remembered(dotNetExpression(regex));
  if (prefixes.length === 0) throw new InvalidFilter('The filter has neither a regular expression nor a prefix.');
  return (text) => prefixes.some((prefix) => text.startsWith(prefix));
}

/**
 * Clients write expressions for .NET. RE2 takes most of them, and a time that grows with the text alone: with an engine that
 * tries alternatives one after the other, JavaScript's or .NET's, one expression of one client can stop the store for
 * everybody. What RE2 can't say (looking around, references back) is refused, never guessed.
 */
function dotNetExpression(regex: string): (text: string) => boolean {
  try {
    const expression = RE2JS.compile(
      regex.replaceAll(/\\(.)/gsu, (escape, next) => (next === 'Z' ? '(?:\\n?\\z)' : escape)),
    );
    return (text) => expression.matcher(text).find();
  } catch (cause) {
    throw new InvalidFilter(`The filter's regular expression can't be run here: ${regex}`, { cause });
  }
}

/** More than there are event types; of stream names, which are too many, it costs little. */
const MAX_REMEMBERED = 1_000;

/** RE2 in JavaScript takes microseconds, and the same few types come again and again. */
function remembered(test: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) {
      result = test(text);
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(text, result);
    }
    return result;
  };
}

/** How many events one page of a filtered subscription examines, and after how many of them a checkpoint is due. */
export function checkpointInterval(filter: streams.ReadReq.Options.FilterOptions): number {
  const window = filter.hasMax() ? filter.getMax() : filter.hasCount() ? 32 : 0;
  const interval = window * filter.getCheckpointintervalmultiplier();
  if (interval <= 0) throw new InvalidFilter('The filter needs a window and a checkpoint interval above 0.');
  return interval;
}
