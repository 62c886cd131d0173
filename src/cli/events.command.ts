/** `teampulse events`: looks at the log itself, and at what its events promise. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig, requireConfig } from '../adapters/config/config.js';
import type { EventStoreDbAdapter } from '../adapters/eventstore/eventstore-db.adapter.js';
import { toCloudEvent } from '../adapters/nats/cloud-event.js';
import { eventCatalogue } from '../domain/event-catalogue.js';
import { formatPosition, parsePosition } from '../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../domain/shared/recorded-event.js';
import type { EventLog, LogItem } from '../projections/ports/event-log.port.js';
import { asEventName, asWorkspaceId } from './arguments.js';
import { contractCommands } from './events/contract.js';
import { replayCommand } from './events/replay.command.js';
import { CliError } from './failure.js';

interface TailOptions {
  readonly type?: string;
  readonly stream?: string;
  readonly workspace?: string;
  readonly after?: string;
  readonly follow: boolean;
  readonly json?: true;
}

export function eventsCommand(): Command {
  const events = new Command('events').description('Look at the log.');
  events
    .command('tail')
    .description('Show events as they are written, until Ctrl-C.')
    .option('--type <prefix>', 'only types that begin so: sales., work.TaskCreated', asTypePrefix)
    .option('--stream <prefix>', 'only streams that begin so: task-, sale-0190…')
    .option('--workspace <id>', 'only this workspace', asWorkspaceId)
    .addOption(
      new Option('--after <position>', 'first what was written after this place; `start` for all of it').default(
        undefined,
        'from now on',
      ),
    )
    .option('--no-follow', 'end when all that is there has been shown')
    .option('--json', 'one CloudEvent a line')
    .action(async (options: TailOptions) => withLog(async (log, signal) => tail(log, options, signal)));
  events
    .command('show')
    .description('Show one event with all it holds, as JSON.')
    .argument(
      '<event>',
      'its place in its stream, such as task-0190…@3, or its id (which reads the log until it is found)',
      asEventName,
    )
    .action(async (wanted: string) => withLog(async (log, signal) => show(log, wanted, signal)));
  for (const command of [replayCommand(), ...contractCommands()]) events.addCommand(command);
  return events;
}

/** No event of such a type could be shown, so waiting for one is a typing error. */
function asTypePrefix(text: string): string {
  if (eventCatalogue.some(({ type }) => type.startsWith(text))) return text;
  const capabilities = new Set(eventCatalogue.map(({ type }) => type.slice(0, type.indexOf('.') + 1)));
  throw new InvalidArgumentError(`no type of event begins so; they begin with ${[...capabilities].join(', ')}.`);
}

async function withLog(work: (log: EventStoreDbAdapter, signal: AbortSignal) => Promise<void>): Promise<void> {
  const { eventstoreUrl } = requireConfig(loadConfig(), 'eventstoreUrl');
  // The client loads slowly, and neither the contract nor a refusal needs it.
  const { EventStoreDbAdapter } = await import('../adapters/eventstore/eventstore-db.adapter.js');
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  try {
    await work(log, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await log.dispose();
  }
}

async function tail(log: EventLog, options: TailOptions, signal: AbortSignal): Promise<void> {
  const after = await startOf(log, options.after);
  const typePrefixes = options.type === undefined ? undefined : [options.type];
  for await (const items of log.subscribe({ after, typePrefixes, signal })) {
    for (const item of items) print(item, options);
    if (!options.follow && items.some((item) => item.kind === 'caughtUp')) return;
  }
}

async function startOf(log: EventLog, after: string | undefined): Promise<LogPosition | undefined> {
  if (after === undefined) return log.head();
  if (after === 'start') return undefined;
  const position = parsePosition(after);
  if (position) return position;
  throw new CliError(`--after ${after} is not a place in the log`, 'give one as `events tail` prints it, such as 4711/4711, or `start`'); // prettier-ignore
}

function print(item: LogItem, { stream, workspace, json }: TailOptions): void {
  if (item.kind === 'malformed') {
    console.error(
      `${formatPosition(item.position)} ${item.type} ${item.streamName} can't be read: ${item.error.message}`,
    );
    return;
  }
  if (item.kind !== 'event') return;
  const { event } = item;
  if (stream !== undefined && !event.streamName.startsWith(stream)) return;
  if (workspace !== undefined && event.metadata.workspaceId !== workspace) return;
  console.log(json ? JSON.stringify(toCloudEvent(event)) : lineOf(event));
}

const lineOf = ({ recordedAt, position, type, streamName, revision, metadata }: RecordedEvent): string =>
  `${recordedAt}  ${formatPosition(position)}  ${type}  ${streamName}@${revision}  ${metadata.actor.kind}:${metadata.actor.id}`;

async function show(log: EventStoreDbAdapter, wanted: string, signal: AbortSignal): Promise<void> {
  const inStream = /^(.+)@(\d+)$/.exec(wanted);
  const event = inStream
    ? (await log.readStream(inStream[1] ?? '', Number(inStream[2])))?.events[0]
    : await findById(log, wanted, signal);
  if (!event)
    throw new CliError(`there is no event ${wanted}`, 'look for it with `teampulse events tail --after start`');
  console.log(JSON.stringify(toCloudEvent(event), null, 2));
}

/** The log is kept in order and not by id, so this reads it from its beginning. */
async function findById(log: EventLog, id: string, signal: AbortSignal): Promise<RecordedEvent | undefined> {
  for await (const items of log.subscribe({ signal })) {
    for (const item of items) {
      if (item.kind === 'event' && item.event.id === id) return item.event;
      if (item.kind === 'caughtUp') return undefined;
    }
  }
  return undefined;
}
