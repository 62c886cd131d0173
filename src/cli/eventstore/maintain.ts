/** `teampulse eventstore stats|verify|backup|restore`: what the keeper of an embedded event store needs. */
import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { ownConfig } from '../../adapters/config/config.js';
import { backupPages } from '../../adapters/embedded-eventstore/maintenance/backup.js';
import { restoreStore } from '../../adapters/embedded-eventstore/maintenance/restore.js';
import { storeStats, type Counted, type StoreStats } from '../../adapters/embedded-eventstore/maintenance/stats.js';
import { MAX_NAMED, verifyStore } from '../../adapters/embedded-eventstore/maintenance/verify.js';
import { headOf, visitStore } from '../../adapters/embedded-eventstore/maintenance/visit.js';
import { openArchive, writeArchive } from '../../adapters/event-archive/archive.js';
import { createLogger } from '../../adapters/logging/logger.js';
import { startProgress } from '../progress.js';
import { takesPlace, visitDatabase, type Place } from './database.js';
import { refuseExisting, showProgress } from './files.js';

interface Options extends Place {
  readonly json?: true;
  readonly force?: true;
}

/** Something is wrong with the store; 1 means that it could not be looked at. */
const EXIT_DAMAGED = 3;

export function statsCommand(): Command {
  return takesPlace(new Command('stats'))
    .description(
      'Say what is in the store and how much room it takes. Reads the whole log; a server may run meanwhile.',
    )
    .option('--json', 'print it as JSON')
    .action(async (options: Options) => {
      const stats = await visit(options, async (url) => visitStore(url, storeStats));
      console.log(options.json ? JSON.stringify(stats, null, 2) : describe(stats));
    });
}

export function verifyCommand(): Command {
  return takesPlace(new Command('verify'))
    .description(
      'Check that positions and revisions have no holes and follow each other, and that every event is what was written.\n' +
        'Changes nothing; a server may run meanwhile. Exit code: 0 all is well, 3 something is damaged, 1 it failed, 2 wrong usage.',
    )
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => {
      const result = await visit(options, async (url) =>
        visitStore(url, async (client) => {
          const head = await headOf(client);
          return showProgress('verifying', head, 'events', (onProgress) => verifyStore(client, head, onProgress));
        }),
      );
      if (options.json) console.log(JSON.stringify(result, null, 2));
      else {
        for (const { message } of result.damages) console.log(message);
        if (result.damaged > MAX_NAMED) console.log(`… and ${result.damaged - MAX_NAMED} more`);
        console.log(
          result.damaged === 0
            ? `The store is whole: ${result.events} events up to position ${result.head}.`
            : `The store is damaged: ${result.damaged} findings in ${result.events} events. Restore a backup into an empty store.`,
        );
      }
      if (result.damaged > 0) process.exitCode = EXIT_DAMAGED;
    });
}

export function backupCommand(): Command {
  return takesPlace(new Command('backup'))
    .description(
      'Write all events to a file, with ids, order, revisions, metadata, times and positions; a server may run meanwhile.\n' +
        'The file is there whole or not at all. It holds all that the log holds, hashes of passwords as well: keep it safe.',
    )
    .argument('<file>', 'gzipped lines of JSON: log.jsonl.gz')
    .option('--force', 'write over a file that is there')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: Options) => {
      if (!options.force) refuseExisting(file);
      const result = await visit(options, async (url) =>
        visitStore(url, async (client) => {
          const head = await headOf(client);
          const events = await showProgress('backing up', head, 'events', (onProgress) =>
            writeArchive(file, 'backup', backupPages(client, head, onProgress)),
          );
          return { file, events, head, bytes: (await stat(file)).size };
        }),
      );
      console.log(
        options.json
          ? JSON.stringify(result)
          : `${file} has ${result.events} events, up to position ${result.head} (${inMegabytes(result.bytes)}).`,
      );
    });
}

export function restoreCommand(): Command {
  return takesPlace(new Command('restore'))
    .description(
      'Fill an empty store from a backup, or from an export of another server: ids, order, revisions, metadata and times are\n' +
        'kept, of a backup also positions. All of it or nothing; no server may run on the store meanwhile.',
    )
    .argument('<file>', 'what backup or export has written')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: Options) => {
      const { size } = await stat(file);
      const progress = startProgress('restoring', size, 'bytes');
      try {
        const archive = await openArchive(file, (bytes) => progress.advance(bytes));
        const log = createLogger({ name: 'eventstore', level: ownConfig().logLevel });
        // An export has the positions of another server.
        const renumber = archive.header.kind === 'export';
        const events = await visit(options, async (url) => restoreStore(url, archive.events, { renumber, log }), true);
        progress.finish();
        const { kind, madeAt } = archive.header;
        console.log(
          options.json
            ? JSON.stringify({ file, kind, madeAt, events })
            : `Restored ${events} events from the ${kind} of ${madeAt}.`,
        );
      } catch (error) {
        progress.abandon();
        throw error;
      }
    });
}

async function visit<T>(place: Place, work: (url: string) => Promise<T>, make = false): Promise<T> {
  const database = await visitDatabase(place, ownConfig(), make);
  try {
    return await work(database.url);
  } finally {
    await database.stop();
  }
}

const inMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function describe(stats: StoreStats): string {
  const { events, streams, head, firstRecordedAt, lastRecordedAt, tableBytes, indexBytes, payloadBytes, served } =
    stats;
  const top = (title: string, counted: readonly Counted[]): string[] => [
    '',
    title,
    ...counted.map(({ name, events: count, payloadBytes: bytes }) => `${String(count).padStart(12)}  ${inMegabytes(bytes).padStart(12)}  ${name}`),
  ]; // prettier-ignore
  return [
    `Events     ${events}, in ${streams} streams, up to position ${head}`,
    `Written    ${firstRecordedAt ?? 'never'} to ${lastRecordedAt ?? 'never'}`,
    `On disk    ${inMegabytes(tableBytes + indexBytes)}: events ${inMegabytes(tableBytes)}, indexes ${inMegabytes(indexBytes)}; data and metadata alone ${inMegabytes(payloadBytes)}`,
    `Server     ${served ? 'running' : 'not running'}`,
    ...top('Largest streams', stats.largestStreams),
    ...top('Commonest types', stats.commonestTypes),
  ].join('\n');
}
