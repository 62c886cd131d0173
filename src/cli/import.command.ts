/** `teampulse import`: brings files into a workspace, in a process of its own, beside a running server. */
import { accessSync, constants, existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { loadConfig, requireConfig } from '../adapters/config/config.js';
import { describeMapping } from '../adapters/connectors/mapping/guess.js';
import { IMPORT_KINDS, type ImportKind } from '../adapters/connectors/mapping/mapping.js';
import type { ImportProgress } from '../adapters/connectors/import/import-request.js';
import type { ImportOutcome } from '../adapters/connectors/import/import-run.js';
import { dryRun, isAddress, prepareImport } from '../adapters/connectors/import/prepare-import.js';
import { RejectsFile } from '../adapters/connectors/import/rejects-file.js';
import { asWorkspaceId } from './arguments.js';
import { CliError } from './failure.js';
import { startImportBar } from './import-progress.js';

interface Options {
  readonly workspace: string;
  readonly mapping?: string;
  readonly dryRun?: true;
  readonly json?: true;
  readonly rejects?: string;
}

/** Everything that could be brought in is, but some records were rejected. */
const EXIT_SOME_REJECTED = 4;

export function importCommand(): Command {
  return new Command('import')
    .description(
      'Bring files into a workspace: CSV, XLSX, JSON or JSONL, gzipped or not; or the JSON pages of an address, such as\n' +
        'https://jira.example.org/rest/api/2/search?expand=changelog with --mapping jira. Runs beside a running server.\n' +
        'The same file again changes nothing; an import that was stopped goes on where it was when it is run again.\n' +
        'Exit code: 0 all is in, 4 some records were rejected, 1 it failed, 2 wrong usage.',
    )
    .addArgument(new Argument('<kind>', 'what they hold').choices(IMPORT_KINDS))
    .argument('<file...>', 'the files, in order, or one http(s) address; IMPORT_HTTP_TOKEN holds what it asks for')
    .requiredOption('--workspace <id>', 'the workspace to bring them into', asWorkspaceId)
    .option(
      '--mapping <file>',
      'which column is which: a JSON file, or the name of a shipped mapping (default: guessed)',
    )
    .option('--dry-run', 'read and check everything, write nothing')
    .option('--json', 'print the result as JSON')
    .option('--rejects <file>', 'where rejected records go (default: <file>.rejects.csv here)')
    .action(async (kind: ImportKind, files: readonly string[], options: Options) => {
      const rejects = new RejectsFile(options.rejects ?? `${shortName(files[0] ?? 'import')}.rejects.csv`);
      mustBeWritable(rejects.path);
      try {
        await bringIn(kind, files, options, rejects);
      } finally {
        rejects.close();
      }
      if (rejects.count > 0) process.exitCode = EXIT_SOME_REJECTED;
    });
}

/** Before anything is written: rejected records must have somewhere to go. */
function mustBeWritable(file: string): void {
  try {
    accessSync(existsSync(file) ? file : dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    throw new CliError(`the rejects file ${file} can't be written`, 'name another one with --rejects', { cause });
  }
}

async function bringIn(
  kind: ImportKind,
  files: readonly string[],
  options: Options,
  rejects: RejectsFile,
): Promise<void> {
  const credential = files.some(isAddress) ? loadConfig().importHttpToken : undefined;
  const prepared = await prepareImport(kind, files, options.mapping, credential);
  const { mapping, because } = prepared;
  console.error(`Mapping ${mapping.name} (${because}):`);
  for (const line of describeMapping(mapping)) console.error(`  ${line}`);
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;

  if (options.dryRun) {
    const result = await dryRun(prepared, options.workspace, rejects.write);
    if (options.json) return printJson({ outcome: 'dry-run', ...result, ...rejectsOf(rejects), seconds: seconds() });
    console.log(`${result.records} records would become ${result.units} changes; ${result.rejected} are rejected.`);
    return sayWhereRejectsAre(rejects);
  }

  const { eventstoreUrl } = requireConfig(loadConfig(), 'eventstoreUrl');
  const { importInto } = await import('./import-into.js');
  const bar = startImportBar(prepared.bytes);
  let result: ImportOutcome;
  let lastSource: ImportProgress['source'] | undefined;
  let readBefore = 0;
  try {
    result = await importInto(eventstoreUrl, options.workspace, prepared, {
      onRejects: rejects.write,
      onProgress: ({ records, counts, source }) => {
        if (lastSource && lastSource !== source) readBefore += lastSource.bytesRead();
        lastSource = source;
        bar.update(records, readBefore + source.bytesRead(), counts.rejected);
      },
    });
  } finally {
    bar.stop();
  }
  if (lastSource) console.error(`Read as ${lastSource.description()}.`);
  const { outcome, runId, counts } = result;
  if (options.json) return printJson({ outcome, runId, ...counts, ...rejectsOf(rejects), seconds: seconds() });
  if (outcome === 'known') console.log(`These files are in already (run ${runId}); nothing was written.`);
  else {
    const nothingNew = counts.changed === 0 ? ' Nothing in them is new.' : '';
    console.log(`${counts.read} records in ${seconds()} s: ${counts.changed} changed something, ${counts.unchanged} were known or left out, ${counts.rejected} were rejected.${nothingNew} (run ${runId})`); // prettier-ignore
  }
  sayWhereRejectsAre(rejects);
}

function sayWhereRejectsAre(rejects: RejectsFile): void {
  if (rejects.count > 0)
    console.log(`The rejected records stand in ${rejects.path}, each with its line and the reason.`);
}

/** Of an address its host: the rest is no name for a file. */
const shortName = (source: string): string =>
  isAddress(source) && URL.canParse(source) ? new URL(source).hostname : basename(source);

const rejectsOf = (rejects: RejectsFile): { readonly rejectsFile: string | null } => ({
  rejectsFile: rejects.count > 0 ? rejects.path : null,
});

const printJson = (result: object): void => console.log(JSON.stringify(result));
