/** `teampulse projections parked`: events that a read model could not apply, and what waits behind them. */
import type { Command } from 'commander';
import { parsePosition } from '../../domain/shared/position.js';
import { settled } from '../../projections/engine/parking-requests.js';
import { parkedEvents } from '../../projections/engine/report-parked.js';
import { PARKED_STATES, type ParkedEvent } from '../../projections/ports/parked-event.js';
import type { WriteDatabase } from '../../projections/ports/write-database.port.js';
import { CliError } from '../failure.js';
import { carryOut, withDatabase } from './control.js';
import { table } from './table.js';

/** An event that was tried again failed again. */
const EXIT_FAILED_AGAIN = 3;
/** A retry goes through all that wait; what takes longer goes on without being watched. */
const WATCH_MS = 60_000;
/** What a person can read. */
const MOST_LISTED = 1_000;

interface Json {
  readonly json?: true;
}

export function addParked(projections: Command): void {
  const command = projections
    .command('parked')
    .description('Events that a read model could not apply: they and what follows of their stream or row wait.');
  command
    .command('list')
    .argument('[name]', 'one projection (default: all)')
    .option('--all', 'also those that wait behind one, and those that were discarded')
    .option('--json', 'as JSON, for scripts')
    .description('What is parked, oldest first, and why. At most a thousand.')
    .action(async (name: string | undefined, options: Json & { all?: true }) =>
      withDatabase(async (database) => {
        const states = options.all ? PARKED_STATES : (['parked'] as const);
        const page = { limit: MOST_LISTED, backwards: false };
        const events = (await parkedEvents(database, { projection: name, states }, page)).map(withPosition);
        console.log(options.json ? JSON.stringify(events, null, 2) : listText(events));
      }),
    );
  command
    .command('show')
    .argument('<name>')
    .argument('<position>', 'as `list` shows it: 120/120')
    .option('--json', 'as JSON, for scripts')
    .description('Everything that is kept of one. Its data is in the log alone.')
    .action(async (name: string, position: string, { json }: Json) =>
      withDatabase(async (database) => {
        const filter = { projection: name, at: placeOf(position), states: PARKED_STATES };
        const [event] = (await parkedEvents(database, filter, { limit: 1, backwards: false })).map(withPosition);
        if (!event) throw nothingAt(name, position);
        console.log(json ? JSON.stringify(event, null, 2) : showText(event));
      }),
    );
  command
    .command('retry')
    .argument('<name>')
    .argument('[position]', 'one event, as `list` shows it (default: all that are parked)')
    .option('--json', 'as JSON, for scripts')
    .description(
      'Try parked events again, each before those that wait behind it. A running worker does it.\n' +
        'Exits with 3 when one fails again: it stays parked, and what is behind it waits.',
    )
    .action(
      async (name: string, position: string | undefined, { json }: Json) =>
      withDatabase(async (database) => ask(database, 'retry-parked', name, position === undefined ? {} : { at: checked(position) }, json)), // prettier-ignore
    );
  command
    .command('discard')
    .argument('<name>')
    .argument('<position>', 'as `list` shows it: 120/120')
    .requiredOption('--because <reason>', 'why the read model may go without it; kept, with who and when')
    .option('--json', 'as JSON, for scripts')
    .description('Give a parked event up: the read model goes on without it, and those behind it have their turn.')
    .action(async (name: string, position: string, { because, json }: Json & { because: string }) =>
      withDatabase(async (database) => ask(database, 'discard-parked', name, { at: checked(position), because }, json)),
    );
}

async function ask(
  database: WriteDatabase,
  kind: string,
  name: string,
  given: Readonly<Record<string, unknown>>,
  json: true | undefined,
): Promise<void> {
  const [outcome] = await carryOut(database, kind, [name], given);
  if (!outcome) return;
  const { asked, done, failed, pending } = await settled(database, outcome, WATCH_MS);
  if (failed > 0) process.exitCode = EXIT_FAILED_AGAIN;
  const words = kind === 'discard-parked' ? 'discarded' : 'applied';
  const parts = [`${done} ${words}`, ...(failed > 0 ? [`${failed} failed again`] : []), ...(pending > 0 ? [`${pending} still under way`] : [])]; // prettier-ignore
  console.log(json ? JSON.stringify({ asked, done, failed, pending }) : `${name}: ${parts.join(', ')}.`);
}

/** With its position as `retry` and `discard` take it. */
type Listed = Omit<ParkedEvent, 'commit' | 'prepare'> & { readonly position: string };

const withPosition = ({ projection, build, commit, prepare, ...event }: ParkedEvent): Listed => ({
  projection,
  build,
  position: `${commit}/${prepare}`,
  ...event,
});

function placeOf(text: string): { commit: bigint; prepare: bigint } {
  const position = parsePosition(text);
  if (!position) throw new CliError(`${text} is no position`, 'give it as `teampulse projections parked list` shows it, such as 120/120'); // prettier-ignore
  return position;
}

const checked = (text: string): string => (placeOf(text), text);

const nothingAt = (name: string, position: string): CliError =>
  new CliError(`nothing of ${name} is parked at ${position}`, 'see `teampulse projections parked list`');

function listText(events: readonly Listed[]): string {
  if (events.length === 0) return 'Nothing is parked.';
  const rows = events.map((event) => [event.projection, event.position, event.state, event.type, event.stream, String(event.attempts), event.because ?? event.reason ?? '']); // prettier-ignore
  return table(['PROJECTION', 'POSITION', 'STATE', 'TYPE', 'STREAM', 'ATTEMPTS', 'REASON'], rows);
}

const showText = (event: Listed): string =>
  Object.entries(event)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(14)}${String(value)}`)
    .join('\n');
