/** `teampulse events replay`: a workspace's events once more, into a subject of an integrator's own. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig, requireConfig } from '../../adapters/config/config.js';
import type { EventStoreDbAdapter } from '../../adapters/eventstore/eventstore-db.adapter.js';
import { createLogger } from '../../adapters/logging/logger.js';
import { ReplayTarget, replaySubjectFault } from '../../adapters/nats/replay-target.js';
import { eventCatalogue } from '../../domain/event-catalogue.js';
import { formatPosition, parsePosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { instantSchema } from '../../domain/shared/time.js';
import { asWorkspaceId } from '../arguments.js';
import { CliError } from '../failure.js';
import { replay, type Bound, type ReplayOutcome } from './replay.js';
import { startReplayProgress } from './replay-progress.js';

interface ReplayCommandOptions {
  readonly workspace: string;
  readonly subject: string;
  readonly nats?: string;
  readonly from?: Bound;
  readonly after?: LogPosition;
  readonly until?: Bound;
  readonly types?: readonly string[];
  readonly rate?: number;
  readonly json?: true;
}

export const replayCommand = (): Command =>
  new Command('replay')
    .description('Send the events of a workspace once more, in order, into a JetStream subject of your own.')
    .requiredOption('--workspace <id>', 'whose events', asWorkspaceId)
    .requiredOption('--subject <subject>', 'where to, such as acme.replay; a stream is made for it where none covers it', asSubject)
    .option('--nats <url>', 'another server than NATS_URL: nats://[login@]host:port', asNatsUrl)
    .option('--from <place>', 'behind a position such as 4711/4711, or what was recorded from an instant on', asBound)
    .addOption(new Option('--after <position>', 'go on behind the position that an earlier replay ended at').argParser(asPosition).conflicts('from'))
    .option('--until <place>', 'up to a position, or before an instant; up to now when left out', asBound)
    .option('--types <names>', 'only these, joined by commas: work.TaskCreated, or sales.* for all that begin so', asTypes)
    .option('--rate <number>', 'at most so many events a second', asRate)
    .option('--json', 'print the outcome as JSON')
    .action(runReplay); // prettier-ignore

async function runReplay(options: ReplayCommandOptions): Promise<void> {
  const { eventstoreUrl } = requireConfig(loadConfig(), 'eventstoreUrl');
  const url = options.nats ?? requireConfig(loadConfig(), 'natsUrl').natsUrl;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const { EventStoreDbAdapter } = await import('../../adapters/eventstore/eventstore-db.adapter.js');
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  let target: ReplayTarget | undefined;
  try {
    await requireWorkspace(log, options.workspace);
    const head = await log.head();
    if (!head) throw new CliError('the log is empty', 'there is nothing to replay');
    target = await openTarget(url, options.subject);
    const from = options.after ?? options.from;
    const nothingUpTo = typeof from === 'string' ? await findStart(options.workspace, from) : undefined;
    const progress = startReplayProgress(nothingUpTo ?? from, options.until, head);
    const outcome = await replay({
      log,
      send: target.publish.bind(target),
      workspaceId: options.workspace,
      from,
      nothingUpTo,
      until: options.until,
      head,
      typePrefixes: options.types,
      rate: options.rate,
      signal: stop.signal,
      onProgress: progress.show,
    }).finally(progress.end);
    report(outcome, target, options);
  } finally {
    await target?.close();
    await log.dispose();
  }
}

/** Where there are no read models to ask, the log is read from its beginning. */
async function findStart(workspaceId: string, from: string): Promise<LogPosition | undefined> {
  const { databaseApiUrl } = loadConfig();
  if (databaseApiUrl === undefined) return undefined;
  const [{ nothingUpTo }, { EventIndexQueries }, { PostgresReadDatabase }] = await Promise.all([
    import('./replay-start.js'),
    import('../../projections/audit/event-index.queries.js'),
    import('../../adapters/postgres/read-database.js'),
  ]);
  const database = new PostgresReadDatabase(databaseApiUrl);
  try {
    return await nothingUpTo(new EventIndexQueries(database), workspaceId, from);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`The read models do not say where ${from} is in the log (${reason}): it is read from its beginning.`);
    return undefined;
  } finally {
    await database.close();
  }
}

function report(outcome: ReplayOutcome, { stream, duplicates }: ReplayTarget, { subject, json }: ReplayCommandOptions): void {
  const { sent, unreadable, at, complete } = outcome;
  const after = at ? formatPosition(at) : null;
  if (json) console.log(JSON.stringify({ stream, subject, sent, duplicates, unreadable, after, complete }));
  else console.log(`${sent} events are in ${subject} (stream ${stream})${duplicates > 0 ? `, ${duplicates} of which were there already` : ''}.`);
  if (unreadable > 0) console.error(`${unreadable} events can't be read as their types say and were not sent; \`teampulse events tail\` names them.`);
  if (!json && after !== null) console.log(`${complete ? 'What comes later' : 'Stopped. The rest'}: --after ${after}`);
  if (!complete) process.exitCode = 1;
} // prettier-ignore

/** A misspelt id would look like a workspace without events. */
async function requireWorkspace(log: EventStoreDbAdapter, workspaceId: string): Promise<void> {
  if (!(await log.readStream(`workspace-${workspaceId}`)))
    throw new CliError(`there is no workspace ${workspaceId}`, 'give the id that `teampulse workspace create` printed');
}

async function openTarget(url: string, subject: string): Promise<ReplayTarget> {
  try {
    return await ReplayTarget.open(url, subject, createLogger({ name: 'replay', level: 'warn' }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`can't send to ${subject}: ${reason}`, 'check NATS_URL or --nats, and that the login may make streams', { cause: error });
  }
} // prettier-ignore

function asSubject(text: string): string {
  const fault = replaySubjectFault(text);
  if (fault !== undefined) throw new InvalidArgumentError(`${fault}.`);
  return text;
}

function asNatsUrl(text: string): string {
  if (URL.canParse(text) && /^(nats|tls):$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('an address of NATS is nats://host:port.');
}

function asPosition(text: string): LogPosition {
  const position = parsePosition(text);
  if (position) return position;
  throw new InvalidArgumentError('a position is as `events tail` prints it, such as 4711/4711.');
}

function asBound(text: string): Bound {
  const position = parsePosition(text);
  if (position) return position;
  const instant = instantSchema.safeParse(text);
  if (instant.success) return instant.data;
  throw new InvalidArgumentError(
    'a place is a position such as 4711/4711, or an instant such as 2026-03-01T09:30:00Z.',
  );
}

/** Prefixes as the log filters by them. */
function asTypes(text: string): readonly string[] {
  return text.split(',').map((word) => {
    const name = word.trim();
    const prefix = name.endsWith('*') ? name.slice(0, -1) : name;
    const fits = eventCatalogue.some(({ type }) => (name.endsWith('*') ? type.startsWith(prefix) : type === name));
    if (!fits) throw new InvalidArgumentError(`there is no type of event ${name}; \`teampulse events catalogue\` lists them.`);
    return prefix;
  });
} // prettier-ignore

function asRate(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a rate is a whole number of events a second, from 1.');
}
