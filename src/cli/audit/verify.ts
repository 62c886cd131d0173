/** `teampulse audit verify`: whether an export is what was signed. Needs no server, no configuration and no network. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { verifyExport, type Verification } from '../../adapters/audit/verify-export.js';
import { CliError } from '../failure.js';
import { amount } from '../progress.js';
import { showProgress } from '../eventstore/files.js';
import { EXIT_ALTERED, EXIT_CODES, loadPublicKey, reportingFailures } from './outcome.js';
import type { RebuildOptions } from './rebuilt-report.js';

interface Options extends RebuildOptions {
  readonly publicKey: string;
  readonly checkpoint?: readonly string[];
  readonly json?: true;
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      `Check an export with nothing but the public key: finds every event that was altered, removed, added or moved, and what was\ncut off behind a checkpoint that you have kept. ${EXIT_CODES}`,
    )
    .argument('<export>', 'the folder that `audit export` has made')
    .requiredOption('--public-key <file>', 'what `audit key` printed, from whom you trust')
    .option('--checkpoint <file...>', 'files with checkpoints that you have kept')
    .option(
      '--rebuild',
      'then build the read models from the export alone, in a Postgres of their own that goes again, and\n' +
        'print for each table its rows and their hash. Needs an export without a filter',
    )
    .option('--query <graphql>', 'with --rebuild, and instead of the tables: ask them this, as `teampulse gql` would')
    .option(
      '--against <url>',
      'with --query: ask a running server the same, and compare; exits with 3 when it says something else',
    )
    .option('--token <token>', 'the bearer token for that server')
    .option('--json', 'print the result as JSON')
    .action(async (folder: string, options: Options, self: Command) =>
      reportingFailures(async () => {
        const { rebuild, query, against } = options;
        const isWanted = rebuild === true || query !== undefined || against !== undefined;
        // The whole product: longer to load than most exports take to verify.
        const rebuilding = isWanted ? await import('./rebuilt-report.js') : undefined;
        const misuse = rebuilding?.misuseOf(options);
        if (misuse !== undefined) self.error(`error: ${misuse}`);
        const key = await loadPublicKey(options.publicKey);
        const checkpoints = (await Promise.all((options.checkpoint ?? []).map(readCheckpoints))).flat();
        const result = await showProgress('verifying', await sizeOf(folder), 'bytes', (onBytes) =>
          verifyExport({ folder, key, checkpoints, onBytes }),
        );
        if (!options.json) describe(folder, result);
        const { verified, manifest } = result;
        const rebuilt = verified && manifest && (await rebuilding?.reportRebuilt(folder, manifest, options));
        if (options.json) console.log(JSON.stringify({ ...result, ...(rebuilt && { rebuilt }) }, null, 2));
        else if (rebuilt) rebuilding?.describeRebuilt(rebuilt, against);
        if (!verified || (rebuilt && !rebuilt.equal)) process.exitCode = EXIT_ALTERED;
        else if (rebuilt && rebuilt.answer?.errors) process.exitCode = 1;
      }),
    );
}

/** Whatever the file is otherwise: what `audit checkpoint` printed, a file of the folder of checkpoints, or a list of them. */
async function readCheckpoints(file: string): Promise<readonly string[]> {
  const found = (await readFile(file, 'utf8')).match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g);
  if (!found) throw new CliError(`${file} holds no checkpoint`, 'take what `teampulse audit checkpoint` printed');
  return found;
}

function describe(folder: string, { verified, problems, manifest, checkpoint }: Verification): void {
  for (const { message } of problems) console.log(message);
  if (!verified || !manifest || !checkpoint) {
    console.log(`${folder} is NOT what was signed: ${amount(problems.length, 'findings')}.`);
    return;
  }
  const { events, tree, workspaceId } = manifest;
  console.log(`${folder} is what was signed: ${events} of ${tree.size} events of workspace ${workspaceId}.`);
  console.log(`Checkpoint ${checkpoint.number} of ${checkpoint.time}, Merkle root ${checkpoint.root}.`);
}

/** For the bar; what is not there is said by the verification. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const lines = names.filter((name) => /^(events|omitted)\./.test(name));
  const sizes = await Promise.all(lines.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
