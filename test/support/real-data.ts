/** The real data sets, which lie beside the repository and are not part of it, and the way they get into a test's stack. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { prepareImport } from '../../src/adapters/connectors/import/prepare-import.js';
import type { ImportOutcome } from '../../src/adapters/connectors/import/import-run.js';
import type { ImportKind } from '../../src/adapters/connectors/mapping/mapping.js';
import { importInto } from '../../src/cli/import-into.js';
import type { RejectedRecord } from '../../src/domain/sync/sync-run.events.js';

export { createTestWorkspace } from './workspace.js';

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
