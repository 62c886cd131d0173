/** The import itself, over a store that runs: what `teampulse import` does, and what tests and the bench call. */
import { CommandBus } from '@nestjs/cqrs';
import type { ImportProgress } from '../adapters/connectors/import/import-request.js';
import { runImport, type ImportOutcome } from '../adapters/connectors/import/import-run.js';
import type { PreparedImport } from '../adapters/connectors/import/prepare-import.js';
import type { EventStore } from '../commands/ports/event-store.port.js';
import { WorkspaceSettingsReader } from '../commands/ports/workspace-settings.port.js';
import { deriveId } from '../domain/shared/ids.js';
import { recordsRejected, type RejectedRecord } from '../domain/sync/sync-run.events.js';
import { CliError } from './failure.js';
import { withWriteSide } from './write-side.js';

export interface ImportListeners {
  readonly onRejects: (records: readonly RejectedRecord[]) => void;
  readonly onProgress: (progress: ImportProgress) => void;
}

/** @throws CliError without such a workspace */
export const importInto = async (
  eventstoreUrl: string,
  workspaceId: string,
  { mapping, integration, sources }: PreparedImport,
  listeners: ImportListeners,
): Promise<ImportOutcome> =>
  withWriteSide(eventstoreUrl, async (app, store) => {
    const bus = app.get(CommandBus);
    const id = deriveId('import', workspaceId);
    const settings = await app
      .get(WorkspaceSettingsReader)
      .read({ workspaceId, actor: { kind: 'system', id: 'import' }, commandId: id, correlationId: id });
    if (!settings)
      throw new CliError(
        `there is no workspace ${workspaceId}`,
        'make it with `teampulse workspace create`, or check the id',
      );
    return runImport(
      { workspaceId, timeZone: settings.timeZone, mapping, integration, sources },
      {
        ...listeners,
        send: (command) => bus.execute(command),
        hasRun: async (runId) => (await store.readStream(`sync-run-${runId}`)) !== undefined,
        keptRejects: (runId) => keptRejects(store, runId),
      },
    );
  });

async function keptRejects(store: EventStore, runId: string): Promise<readonly RejectedRecord[]> {
  const run = await store.readStream(`sync-run-${runId}`);
  return (run?.events ?? []).flatMap(({ type, data }) =>
    type === recordsRejected.type ? recordsRejected.schema.parse(data).records : [],
  );
}
