/** `teampulse audit export`: the events of a workspace, straight from the log, with proof. */
import { resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exportWorkspace, type Exported } from '../../adapters/audit/export-workspace.js';
import { FORMAT_NAMES, type FormatName } from '../../adapters/audit/formats.js';
import type { ExportFilter } from '../../adapters/audit/manifest.js';
import { EventStoreDbAdapter } from '../../adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../capabilities.js';
import { RecordExport } from '../../commands/audit/record-export.command.js';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { instantSchema } from '../../domain/shared/time.js';
import { WriteSideModule } from '../../write-side.module.js';
import { asUuid, asWorkspaceId } from '../arguments.js';
import { CliError } from '../failure.js';
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
      record: (made) => record(log.eventstoreUrl, options, made),
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

/** The same export recorded again, because the first try was killed behind this, is recorded once. */
async function record(
  eventstoreUrl: string,
  { workspace, by }: Options,
  { exportId, manifest, checkpoint }: Exported,
): Promise<void> {
  const { filter, events, firstPosition, lastPosition, lines } = manifest;
  const { number, size, root } = checkpoint;
  const facts = { format: lines.format, filter, events, firstPosition, lastPosition, checkpoint: { number, size, root } }; // prettier-ignore
  const commandId = deriveId('audit-export', exportId);
  const actor = { kind: 'system' as const, id: by };
  const context = { workspaceId: workspace, actor, commandId, correlationId: commandId };
  const store = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: ['error'], abortOnError: false }); // prettier-ignore
  try {
    const recorded = await app.get(CommandBus).execute(new RecordExport({ exportId, facts }, context));
    if (recorded instanceof Rejection) throw new CliError(`the export was not recorded: ${recorded.message}`, 'run it again'); // prettier-ignore
  } finally {
    await app.close();
    await store.dispose();
  }
}

function asTypes(text: string, before: readonly string[] | undefined): readonly string[] {
  if (allEvents.some(({ type }) => type === text)) return [...(before ?? []), text];
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
