#!/usr/bin/env node
/** The `teampulse` command: finds the subcommand, loads only that one, and turns whatever goes wrong into one clear message. */
import '../adapters/config/production.js';
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { entries } from './entries.js';
import { describeFailure } from './failure.js';

/** Wrong usage, as of sysexits and most tools; anything that broke exits with 1. */
const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<void> {
  const program = new Command('teampulse').description(
    'Tasks, sales, attendance and sync changes as events, read models and a GraphQL API.',
  );
  // So that an option behind a subcommand's name is that subcommand's, also when its parent has one of the same name.
  program.enablePositionalOptions();
  const words = args.filter((argument) => !argument.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  for (const entry of entries) {
    const command = entry.name === wanted ? await entry.load() : new Command(entry.name);
    program.addCommand(command.summary(entry.summary));
  }
  program.version(version(), '--version', 'print the version');
  setUp(program);
  await program.parseAsync(args, { from: 'user' });
}

/** Commander keeps these settings per command, and `addCommand` does not pass them on. */
function setUp(command: Command): void {
  command.exitOverride().showHelpAfterError('Run it with --help to see what there is.');
  for (const child of command.commands) setUp(child);
}

const version = (): string => z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).version; // prettier-ignore

function fail(error: unknown): never {
  // Commander has printed its message already.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  console.error(describeFailure(error));
  process.exit(1);
}

process.on('uncaughtException', fail);
// A reader that has had enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? process.exit(0) : fail(error)));

main(process.argv.slice(2)).catch(fail);
