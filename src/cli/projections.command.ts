/** `teampulse projections`: what read models there are and how far they are; building one anew. */
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { loadConfig, requireConfig } from '../adapters/config/config.js';
import { PostgresWriteDatabase } from '../adapters/postgres/postgres-write-database.js';
import { listBuilds, requestRebuild, schemaOf, type Build } from '../projections/engine/build-registry.js';
import { CliError } from './failure.js';
import { startProgress } from './progress.js';

const POLL_MS = 250;
/** A worker takes a build up within seconds; after this there is none. */
const NO_WORKER_MS = 10_000;

export function projectionsCommand(): Command {
  const command = new Command('projections').description('Look at the read models, and build them anew from the log.');
  command
    .command('list')
    .description('every build: which one serves, how far it is, and why it stopped where it did')
    .option('--json', 'as JSON, for scripts')
    .action(async (options: { json?: true }) =>
      withDatabase(async (database) => list(database, options.json === true)),
    );
  command
    .command('rebuild')
    .argument('<name>', 'the projection, as `list` names it')
    .description(
      'Build a read model anew from the whole log, beside the one that serves, and switch over when it has caught up.\n' +
        'A running worker does the work; Ctrl-C here only stops watching.',
    )
    .action(async (name: string) => withDatabase(async (database) => rebuild(database, name)));
  return command;
}

async function withDatabase(work: (database: PostgresWriteDatabase) => Promise<void>): Promise<void> {
  const database = new PostgresWriteDatabase(requireConfig(loadConfig(), 'databaseUrl').databaseUrl);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

async function list(database: PostgresWriteDatabase, json: boolean): Promise<void> {
  const builds = await listBuilds(database);
  const rows = builds.map((build) => ({
    projection: build.projection,
    version: build.version,
    build: schemaOf(build.id),
    state: build.stopped ? 'stopped' : build.state,
    events: build.events,
    position: build.position ? String(build.position.commit) : null,
    ...(build.stopped && { stopped: build.stopped }),
  }));
  if (json) console.log(JSON.stringify(rows, null, 2));
  else if (rows.length === 0) console.log('There are no read models yet: a worker makes them when it starts.');
  else for (const line of table(rows.map((row) => [row.projection, `v${row.version}`, row.build, row.state, String(row.events), row.position ?? '-', row.stopped?.reason ?? '']))) console.log(line); // prettier-ignore
}

function table(rows: readonly (readonly string[])[]): string[] {
  const head = ['PROJECTION', 'VERSION', 'BUILD', 'STATE', 'EVENTS', 'POSITION', 'STOPPED BECAUSE'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

async function rebuild(database: PostgresWriteDatabase, name: string): Promise<void> {
  const id = await requestRebuild(database, name);
  if (id === undefined) {
    const names = new Set((await listBuilds(database)).map(({ projection }) => projection));
    throw new CliError(`there is no projection ${name}`, `choose one of: ${[...names].join(', ') || 'none yet'}`);
  }
  const live = (await listBuilds(database)).find((build) => build.projection === name && build.state === 'live');
  const progress = startProgress(`building ${name}`, live?.events ?? 0, 'events');
  const started = performance.now();
  try {
    for (let known = 0; ;) {
      const build = (await listBuilds(database)).find((candidate) => candidate.id === id);
      const { state, events } = check(build, name, started);
      progress.advance(events - known);
      known = events;
      if (state === 'live') break;
      await delay(POLL_MS);
    }
  } catch (error) {
    progress.abandon();
    throw error;
  }
  progress.finish();
  console.log(`${name} is served by its new build; the one before is kept.`);
}

function check(build: Build | undefined, name: string, started: number): Build {
  if (!build)
    throw new CliError(`the build of ${name} was replaced by another one`, 'see `teampulse projections list`');
  if (build.stopped) throw new CliError(`the build of ${name} stopped: ${build.stopped.reason}`, 'the one before still serves; repair the cause and restart the worker'); // prettier-ignore
  if (!build.made && performance.now() - started > NO_WORKER_MS) {
    throw new CliError('no worker has taken the build up', 'start one with `teampulse worker` or `teampulse up`; it will take it up then'); // prettier-ignore
  }
  return build;
}
