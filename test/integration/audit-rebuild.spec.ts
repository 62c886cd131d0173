import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportWorkspace } from '../../src/adapters/audit/export-workspace.js';
import { ExportedLog } from '../../src/adapters/audit/exported-log.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { allEvents, allProjections } from '../../src/capabilities.js';
import { DEMO_WORKSPACE } from '../../src/cli/demo/story.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import type { EventLog } from '../../src/projections/ports/event-log.port.js';
import { AuditLog } from '../support/audit-log.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openTeller, someOfTheDemo } from '../support/demo-stories.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** Of the demo's stories of each kind: enough for every projection to have rows. */
const STORIES = 120;

let log: AuditLog;
let folder: string;
const databases: TestDatabase[] = [];

async function tellSome(): Promise<void> {
  const teller = await openTeller(log.store);
  try {
    for (const chapter of someOfTheDemo(STORIES)) await teller.tell(chapter);
  } finally {
    await teller.close();
  }
}

/** Every row of every read model that a log leads to, from an empty database. */
async function rowsFrom(source: EventLog): Promise<Map<string, readonly string[]>> {
  const database = await createTestDatabase();
  databases.push(database);
  const writes = new PostgresWriteDatabase(database.url);
  const worker = new ProjectionWorker({ log: source, database: writes, projections: allProjections });
  const reads = new PostgresReadDatabase(database.apiUrl);
  await worker.start();
  try {
    const head = await source.head();
    const reached = head && (await reads.waitForPosition(allProjections.map(({ name }) => name), head, 120_000)); // prettier-ignore
    expect(reached).toBe('reached');
    const tables = await database.sql<{ name: string }>(`SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'read' ORDER BY 1`); // prettier-ignore
    const rows = new Map<string, readonly string[]>();
    for (const { name } of tables) {
      const found = await database.sql<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM read."${name}" t ORDER BY 1`,
      );
      rows.set(name, found.map(({ row }) => row)); // prettier-ignore
    }
    return rows;
  } finally {
    await worker.stop();
    await Promise.all([reads.close(), writes.close()]);
  }
}

beforeAll(async () => {
  folder = scratchFolder('audit-rebuild');
  log = await AuditLog.start(folder);
  await tellSome();
}, 120_000);
afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
  await log.close();
  await rm(folder, { recursive: true });
});

describe('an export for auditors', () => {
  it('leads to the state that is live, row for row, in every read model', async () => {
    const out = join(folder, 'export');
    const { manifest } = await exportWorkspace({
      ...log.of(DEMO_WORKSPACE),
      out,
      format: 'jsonl',
      filter: {},
      gzip: false,
    });
    expect(manifest.events).toBeGreaterThan(500);
    const live = await rowsFrom(log.store);
    const rebuilt = await rowsFrom(new ExportedLog(out, manifest, allEvents));
    expect([...rebuilt.keys()]).toEqual([...live.keys()]);
    for (const [table, rows] of live) expect(rebuilt.get(table), table).toEqual(rows);
    const empty = [...live].filter(([, rows]) => rows.length === 0).map(([table]) => table);
    expect([...live.values()].flat().length).toBeGreaterThan(1_000);
    // A table without rows would compare equal whatever the export holds.
    expect(empty.length).toBeLessThan(live.size / 3);
  }, 300_000);
});
