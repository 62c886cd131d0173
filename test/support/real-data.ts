/** The real data sets, which lie beside the repository and are not part of it, and the way they get into a test's stack. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { prepareImport } from '../../src/adapters/connectors/import/prepare-import.js';
import type { ImportOutcome } from '../../src/adapters/connectors/import/import-run.js';
import type { ImportKind } from '../../src/adapters/connectors/mapping/mapping.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { importInto } from '../../src/cli/import.command.js';
import { CreateWorkspace } from '../../src/commands/workspaces/create-workspace.command.js';
import { deriveId } from '../../src/domain/shared/ids.js';
import { Rejection } from '../../src/domain/shared/rejection.js';
import type { RejectedRecord } from '../../src/domain/sync/sync-run.events.js';
import { WriteSideModule } from '../../src/write-side.module.js';

interface Step {
  readonly kind: ImportKind;
  readonly files: readonly string[];
}

/** What each set is brought in by, in order; files relative to the folder of the data. */
export const SETS = {
  sales_online_retail_2010_11: [
    { kind: 'sales', files: ['sales_online_retail_2010_11/online_retail_2010-12_2011-12.csv.gz'] },
  ],
  sales_superstore: [{ kind: 'sales', files: ['sales_superstore/superstore.csv.gz'] }],
  attendance_inout_2015: [
    { kind: 'attendance', files: ['attendance_inout_2015/in_time.csv', 'attendance_inout_2015/out_time.csv'] },
  ],
  attendance_nyc_schools: [
    { kind: 'units', files: ['attendance_nyc_schools/schools.csv'] },
    {
      kind: 'attendance',
      files: [
        'attendance_nyc_schools/attendance_2012-2013.csv.gz',
        'attendance_nyc_schools/attendance_2015-2016.csv.gz',
      ],
    },
  ],
  issues_duraspace_jira: [{ kind: 'tasks', files: ['issues_duraspace_jira/issues_with_changelog.jsonl.gz'] }],
} as const satisfies Record<string, readonly Step[]>;
export type DataSet = keyof typeof SETS;

const FOLDER = process.env['TEAMPULSE_DATA_SETS'] ?? resolve(import.meta.dirname, '../../../shared/data');

/** The path of a file of the real data, such as `expected/retail_superstore.json`. */
export const realDataPath = (file: string): string => resolve(FOLDER, file);

/**
 * Whether a set is here, for `describe.skipIf(!hasRealData('sales_superstore'))`. Says so on one line when it is not.
 */
export function hasRealData(set: DataSet): boolean {
  const missing = SETS[set].flatMap((step: Step) => step.files).find((file) => !existsSync(realDataPath(file)));
  if (missing === undefined) return true;
  console.warn(`skipped: the real data ${missing} is not in ${FOLDER} (TEAMPULSE_DATA_SETS names another folder)`);
  return false;
}

export interface ImportedSet {
  /** Of each step of the set. */
  readonly outcomes: readonly ImportOutcome[];
  readonly rejects: readonly RejectedRecord[];
}

/** Brings a set into a workspace that exists, through the code that `teampulse import` runs. */
export async function importRealData(
  set: DataSet,
  stack: { readonly eventstoreUrl: string; readonly workspaceId: string },
): Promise<ImportedSet> {
  const outcomes: ImportOutcome[] = [];
  const rejects: RejectedRecord[] = [];
  for (const { kind, files } of SETS[set] as readonly Step[]) {
    const prepared = await prepareImport(kind, files.map(realDataPath));
    const listeners = { onRejects: (records: readonly RejectedRecord[]) => rejects.push(...records), onProgress: () => undefined }; // prettier-ignore
    outcomes.push(await importInto(stack.eventstoreUrl, stack.workspaceId, prepared, listeners));
  }
  return { outcomes, rejects };
}

/** Makes a workspace straight in the log: no API needed. */
export async function createTestWorkspace(
  eventstoreUrl: string,
  workspaceId: string,
  settings: { readonly timeZone?: string; readonly currency?: string; readonly lateAfter?: string } = {},
): Promise<void> {
  const store = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
  try {
    const commandId = deriveId('test-workspace', workspaceId);
    const context = {
      workspaceId,
      actor: { kind: 'system' as const, id: 'test' },
      commandId,
      correlationId: commandId,
    };
    const made = await app.get(CommandBus).execute(new CreateWorkspace({ name: 'Test', settings }, context));
    if (made instanceof Rejection) throw new Error(made.message);
  } finally {
    await app.close();
    await store.dispose();
  }
}
