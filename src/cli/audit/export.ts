/** `teampulse audit export`: the events of a workspace, straight from the log, with proof. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exportWorkspace } from '../../adapters/audit/export-workspace.js';
import { FORMAT_NAMES, type FormatName } from '../../adapters/audit/formats.js';
import type { ExportFilter } from '../../adapters/audit/manifest.js';
import { eventCatalogue } from '../../domain/event-catalogue.js';
import { instantSchema } from '../../domain/shared/time.js';
import { asUuid, asWorkspaceId } from '../arguments.js';
import { CHECKPOINTS_OPTION, withLog, type LogOptions } from './log.js';
import { reportingFailures } from './outcome.js';

interface Options extends LogOptions {
  readonly out: string;
  readonly format: FormatName;
  readonly type?: readonly string[];
  readonly thing?: string;
  readonly actor?: string;
  readonly from?: string;
  readonly until?: string;
  readonly gzip?: true;
  readonly checkpoint?: number;
  readonly by: string;
  readonly json?: true;
}

export function exportCommand(): Command {
  return new Command('export')
    .description(
      'Write the events of a workspace to a folder, exactly as the log holds them, with a signed manifest and the Merkle tree over\n' +
        'all of the workspace’s events. Broken off, it is run again and goes on. The log itself records that an export was made.\n' +
        'Exit code: 0 it is made, 3 the log is not what its checkpoints have signed, 1 it failed, 2 wrong usage.',
    )
    .requiredOption('--workspace <id>', 'the id of the workspace, a UUID', asWorkspaceId)
    .requiredOption('--out <folder>', 'the folder that is made')
    .addOption(new Option('--format <name>', 'lines of JSON, a table for spreadsheets, or CloudEvents 1.0').choices(FORMAT_NAMES).default('jsonl'))
    .option('--type <types...>', 'only events of these types, such as sales.SaleRecorded', asTypes)
    .option('--thing <id>', 'only what happened to this thing: a task, a sale, an employee', asUuid)
    .option('--actor <id>', 'only what this user, integration or policy caused')
    .option('--from <instant>', 'only what was recorded from then on, such as 2026-03-01T00:00:00Z', asInstant)
    .option('--until <instant>', 'only what was recorded before', asInstant)
    .option('--gzip', 'zip the file of events')
    .option('--checkpoint <number>', 'reach to this checkpoint instead of making a new one at the log’s end', asNumber)
    .option(...CHECKPOINTS_OPTION)
    .option('--by <name>', 'who takes the export, as it will stand in the log', 'cli')
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => reportingFailures(async () => exportEvents(options)));
} // prettier-ignore

async function exportEvents(options: Options): Promise<void> {
  const { out, format, gzip = false, checkpoint } = options;
  const exported = await withLog(options, 'exporting', (log, onPosition) =>
    exportWorkspace({
      ...log,
      out: resolve(out),
      format,
      gzip,
      filter: filterOf(options),
      checkpoint,
      onPosition,
      record: async (made) => {
        const { recordExport } = await import('./record-export.js');
        await recordExport(log.eventstoreUrl, options, made);
      },
    }),
  );
  const { manifest, checkpoint: signed } = exported;
  if (options.json) {
    console.log(JSON.stringify({ out, exportId: exported.exportId, ...manifest, signedCheckpoint: signed.signed }, null, 2)); // prettier-ignore
    return;
  }
  console.log(`${out} has ${manifest.events} of ${manifest.tree.size} events of the workspace.`);
  console.log(`Signed by checkpoint ${signed.number} of ${signed.time}, Merkle root ${signed.root}.`);
  console.log(
    'Keep this checkpoint somewhere else: against it, a log that was cut off or rewritten later is found out.',
  );
  console.log(signed.signed);
}

const filterOf = ({ type, thing, actor, from, until }: Options): ExportFilter => ({
  ...(type && { types: [...type] }),
  ...(thing !== undefined && { thingId: thing }),
  ...(actor !== undefined && { actorId: actor }),
  ...(from !== undefined && { from }),
  ...(until !== undefined && { until }),
});

function asTypes(text: string, before: readonly string[] | undefined): readonly string[] {
  if (eventCatalogue.some(({ type }) => type === text)) return [...(before ?? []), text];
  throw new InvalidArgumentError('there is no such type of event; `teampulse events tail --after start` shows them.');
}

function asInstant(text: string): string {
  const parsed = instantSchema.safeParse(text);
  if (parsed.success) return new Date(parsed.data).toISOString();
  throw new InvalidArgumentError('an instant is such as 2026-03-01T00:00:00Z.');
}

function asNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a checkpoint is named by its number, from 1.');
}
