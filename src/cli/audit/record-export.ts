/** Has the log itself say that an export was made. */
import { CommandBus } from '@nestjs/cqrs';
import type { Exported } from '../../adapters/audit/export-workspace.js';
import { RecordExport } from '../../commands/audit/record-export.command.js';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { CliError } from '../failure.js';
import { withWriteSide } from '../write-side.js';

/** The same export recorded again, because the first try was killed behind this, is recorded once. */
export async function recordExport(
  eventstoreUrl: string,
  { workspace, by }: { readonly workspace: string; readonly by: string },
  { exportId, manifest, checkpoint }: Exported,
): Promise<void> {
  const { filter, events, firstPosition, lastPosition, lines } = manifest;
  const { number, size, root } = checkpoint;
  const facts = { format: lines.format, filter, events, firstPosition, lastPosition, checkpoint: { number, size, root } }; // prettier-ignore
  const commandId = deriveId('audit-export', exportId);
  const actor = { kind: 'system' as const, id: by };
  const context = { workspaceId: workspace, actor, commandId, correlationId: commandId };
  const command = new RecordExport({ exportId, facts }, context);
  const recorded = await withWriteSide(eventstoreUrl, async (app) => app.get(CommandBus).execute(command));
  if (recorded instanceof Rejection) throw new CliError(`the export was not recorded: ${recorded.message}`, 'run it again'); // prettier-ignore
}
