/** `teampulse projections`: what read models there are and how far they are; building one anew. */
import { Command } from 'commander';
import type { PostgresWriteDatabase } from '../adapters/postgres/postgres-write-database.js';
import { listBuilds, schemaOf } from '../projections/engine/build-registry.js';
import type { Outcome } from '../projections/engine/control-requests.js';
import { CliError } from './failure.js';
import { carryOut, withDatabase } from './projections/control.js';
import { addAsOf, asOfRows, type AsOfRow } from './projections/as-of.js';
import { addParked } from './projections/parked.js';
import { show, type ShowOptions } from './projections/show.js';
import { table } from './projections/table.js';
import { addVerify } from './projections/verify.js';
import { watchBuilds } from './projections/watch-builds.js';

export function projectionsCommand(): Command {
  const command = new Command('projections').description('Look at the read models, and build them anew from the log.');
  command
    .command('list')
    .description('every build: which one serves, how far it is, and why it stopped where it did')
    .option('--json', 'as JSON, for scripts')
    .option('--watch', 'again every second, until Ctrl-C')
    .action(async (options: ShowOptions) =>
      withDatabase(async (database) => show(options, async () => list(database))),
    );
  command
    .command('status')
    .argument('[names...]', 'only these')
    .option('--json', 'as JSON, for scripts')
    .option('--watch', 'again every second, until Ctrl-C')
    .description(
      'Whether each read model runs, and how far it is behind the log. Exits with 3 when one is stopped or dead:\n' +
        'the log goes on, and no worker moves it.',
    )
    .action(async (names: string[], options: ShowOptions) => (await statusCommands()).showStatus(names, options));
  command
    .command('lag')
    .argument('[names...]', 'only these')
    .option('--json', 'as JSON, for scripts')
    .option('--watch', 'again every second, until Ctrl-C')
    .description(
      'How far each read model is behind the head of the log: in events that it takes and has not applied (from 1000 on\n' +
        'only "at least"), and in the age of the oldest of them.',
    )
    .action(async (names: string[], options: ShowOptions) => (await statusCommands()).showLag(names, options));
  command
    .command('rebuild')
    .argument('[names...]', 'projections, as `list` names them')
    .option('--all', 'every projection')
    .option('--keep', 'keep builds that are kept already; without it only the one that served until now is')
    .description(
      'Build read models anew from the whole log, beside those that serve, and switch over when they have caught up.\n' +
        'Several are read for in one pass. A running worker does the work; Ctrl-C here only stops watching.',
    )
    .action(async (names: string[], options: RebuildOptions) => withDatabase(async (database) => rebuild(database, names, options))); // prettier-ignore
  command
    .command('rollback')
    .argument('<name>')
    .option('--to <build>', 'a build that is kept, as `list` names it: build_12 (default: the one that served last)')
    .description('Go back to a build that was kept: it catches up, and then takes over.')
    .action(async (name: string, { to }: { to?: string }) =>
      withDatabase(async (database) => rollback(database, name, to)),
    );
  for (const [kind, description] of SIMPLE) {
    command
      .command(kind)
      .argument('<names...>')
      .description(description)
      .action(async (names: string[]) =>
        withDatabase(async (database) => {
          for (const { message } of await carryOut(database, kind, names)) console.log(message);
        }),
      );
  }
  addVerify(command);
  addAsOf(command);
  addParked(command);
  return command;
}

const SIMPLE = [
  ['abort', 'Drop the build under way; what serves goes on.'],
  ['pause', 'Let no worker move the projection on: queries show it as it is.'],
  ['resume', 'Go on after a pause, and try again where it stopped.'],
] as const;

interface RebuildOptions {
  readonly all?: true;
  readonly keep?: true;
}

async function rebuild(
  database: PostgresWriteDatabase,
  given: readonly string[],
  options: RebuildOptions,
): Promise<void> {
  const all = options.all ? (await listBuilds(database)).map(({ projection }) => projection) : given;
  const names = [...new Set(all)];
  if (names.length === 0) throw new CliError('no projection was named', 'name some, or give --all');
  const outcomes = await carryOut(database, 'rebuild', names, options.keep ? { keep: true } : {});
  await watchBuilds(database, `building ${names.join(', ')}`, outcomes.map(buildIn));
  console.log(`${names.join(', ')}: served by the new build; the one before is kept.`);
}

async function rollback(database: PostgresWriteDatabase, name: string, to: string | undefined): Promise<void> {
  const [outcome] = await carryOut(database, 'rollback', [name], to === undefined ? {} : { to: to.replace(/^build_/, '') }); // prettier-ignore
  if (!outcome) return;
  console.log(outcome.message);
  await watchBuilds(database, `going back to ${schemaOf(buildIn(outcome))}`, [buildIn(outcome)]);
  console.log(`${name} is served by ${schemaOf(buildIn(outcome))} again.`);
}

const buildIn = ({ build }: Outcome): string => String(build);

/** They need every capability, which takes longer to load than the other commands take to run. */
const statusCommands = async (): Promise<typeof import('./projections/status.js')> => import('./projections/status.js');

async function list(database: PostgresWriteDatabase): Promise<{ rows: unknown; text: string }> {
  const builds = await listBuilds(database);
  const live = builds.map((build) => ({
    projection: build.projection,
    version: build.version,
    build: schemaOf(build.id),
    state: build.stopped ? 'stopped' : build.state,
    events: build.events,
    position: build.position ? String(build.position.commit) : null,
    ...(build.stopped && { stopped: build.stopped }),
  }));
  const rows: readonly ((typeof live)[number] | AsOfRow)[] = [...live, ...(await asOfRows(database))];
  if (rows.length === 0) return { rows, text: 'There are no read models yet: a worker makes them when it starts.' };
  const cells = rows.map((row) => [row.projection, `v${row.version}`, row.build, row.state, String(row.events), row.position ?? '-', 'stopped' in row ? row.stopped.reason : '']); // prettier-ignore
  return { rows, text: table(['PROJECTION', 'VERSION', 'BUILD', 'STATE', 'EVENTS', 'POSITION', 'STOPPED BECAUSE'], cells) }; // prettier-ignore
}
