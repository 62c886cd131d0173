/** `teampulse audit checkpoint`: signs what the log has grown to. Cheap, so that it can be run every hour. */
import { Command } from 'commander';
import { extendChain } from '../../adapters/audit/extend-chain.js';
import { asWorkspaceId } from '../arguments.js';
import { CHECKPOINTS_OPTION, withLog, type LogOptions } from './log.js';
import { reportingFailures } from './outcome.js';

interface Options extends LogOptions {
  readonly json?: true;
}

export function checkpointCommand(): Command {
  return new Command('checkpoint')
    .description(
      'Sign what the log of a workspace has grown to, and print it. Reads only what came behind the last checkpoint: run it every\n' +
        'hour, and send what it prints to where who keeps the log can’t change it. Without new events it prints the last one again.\n' +
        'Exit code: 0 it is signed, 3 the folder of checkpoints is not as it was written, 1 it failed, 2 wrong usage.',
    )
    .requiredOption('--workspace <id>', 'the id of the workspace, a UUID', asWorkspaceId)
    .option(...CHECKPOINTS_OPTION)
    .option('--json', 'print what is signed as JSON as well')
    .action(async (options: Options) =>
      reportingFailures(async () => {
        const { checkpoint, added } = await withLog(options, 'reading', (log, onPosition) =>
          extendChain({ ...log, onPosition }),
        );
        if (options.json) console.log(JSON.stringify({ ...checkpoint, added }, null, 2));
        else {
          console.error(`Checkpoint ${checkpoint.number}: ${checkpoint.size} events, ${added} of them new.`);
          console.log(checkpoint.signed);
        }
      }),
    );
}
