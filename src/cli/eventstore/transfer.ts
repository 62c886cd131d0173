/** `teampulse eventstore export|import`: a log from one server to another, through the protocol that both speak. */
import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { loadConfig, requireConfig } from '../../adapters/config/config.js';
import { openArchive, writeArchive } from '../../adapters/event-archive/archive.js';
import { startProgress } from '../progress.js';
import { refuseExisting, showProgress } from './files.js';

interface Options {
  readonly url?: string;
  readonly system?: true;
  readonly renumber?: true;
  readonly force?: true;
  readonly json?: true;
}

const URL_OPTION = [
  '--url <esdb>',
  'the server, with its user where it has one: esdb://admin:…@host:2113 (default: EVENTSTORE_URL)',
] as const;

export function exportCommand(): Command {
  return new Command('export')
    .description(
      'Write the log of any server, EventStoreDB, KurrentDB or the embedded one, to a file: all that a client may read.\n' +
        'On a secure server that takes an administrator.',
    )
    .argument('<file>', 'gzipped lines of JSON: log.jsonl.gz')
    .option(...URL_OPTION)
    .option('--system', 'also what the server wrote for itself: users, settings, subscriptions, projections')
    .option('--force', 'write over a file that is there')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: Options) => {
      if (!options.force) refuseExisting(file);
      const { connectForTransfer, endOfLog, exportLog } = await loadTransfer();
      const client = connectForTransfer(urlOf(options));
      try {
        const end = Number((await endOfLog(client)) ?? 0n);
        const events = await showProgress('exporting', end, 'log positions', (onProgress) => {
          let reached = 0;
          const onPosition = (position: bigint): void => {
            onProgress(Number(position) - reached);
            reached = Number(position);
          };
          return writeArchive(file, 'export', exportLog(client, { system: options.system ?? false, onPosition }));
        });
        console.log(options.json ? JSON.stringify({ file, events }) : `${file} has ${events} events.`);
      } finally {
        await client.dispose();
      }
    });
}

export function importLogCommand(): Command {
  return new Command('import')
    .description(
      'Write the events of an export or a backup to any server. Ids, bytes, streams, revisions and the order of the log are\n' +
        'kept; positions and times are given by the server. Broken off, it is run again and goes on: what is there stays as it is.',
    )
    .argument('<file>', 'what export or backup has written')
    .option(...URL_OPTION)
    .option('--renumber', 'let the server number each stream’s events: for logs of which a server has scavenged parts')
    .option('--system', 'also the other server’s own streams: users, settings, subscriptions, projections')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: Options) => {
      const { size } = await stat(file);
      const { connectForTransfer, importLog } = await loadTransfer();
      const client = connectForTransfer(urlOf(options));
      const progress = startProgress('importing', size, 'bytes');
      try {
        const archive = await openArchive(file, (bytes) => progress.advance(bytes));
        const { renumber = false, system = false } = options;
        const { events, skipped } = await importLog(client, archive.events, { renumber, system });
        progress.finish();
        const note = skipped > 0 ? `, left out ${skipped} of the other server’s own` : '';
        console.log(options.json ? JSON.stringify({ file, events, skipped }) : `Imported ${events} events${note}.`);
      } catch (error) {
        progress.abandon();
        throw error;
      } finally {
        await client.dispose();
      }
    });
}

const urlOf = ({ url }: Options): string => url ?? requireConfig(loadConfig(), 'eventstoreUrl').eventstoreUrl;

/** Only when asked for: a server that starts needs no client. */
const loadTransfer = async () => import('../../adapters/eventstore/transfer/transfer.js');
