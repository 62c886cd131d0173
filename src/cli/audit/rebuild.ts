/**
 * The read models that an export leads to, in a Postgres of their own that goes again: whoever has the export and this program can
 * ask for any figure, and needs nobody else's database.
 */
import { randomUUID } from 'node:crypto';
import { ExportedLog } from '../../adapters/audit/exported-log.js';
import type { Manifest } from '../../adapters/audit/manifest.js';
import { createLogger } from '../../adapters/logging/logger.js';
import { migrate } from '../../adapters/postgres/migrate.js';
import { PostgresReadDatabase } from '../../adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../adapters/postgres/postgres-write-database.js';
import { ensureApiLogin } from '../../adapters/postgres/prepare-server.js';
import { allEvents, allProjections } from '../../capabilities.js';
import type { EngineNotice } from '../../projections/engine/notices.js';
import { ProjectionWorker } from '../../projections/engine/projection-worker.js';
import { tablesOf } from '../../projections/engine/projection.js';
import { CliError } from '../failure.js';
import { ephemeralDatabase, sweepEphemeral } from '../eventstore/database.js';
import type { Answer } from '../gql.command.js';
import { startProgress, type Progress } from '../progress.js';
import { askRebuilt } from './ask-rebuilt.js';

export interface RebuiltTable {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 over the rows' own, in their order: the same for the same rows, whoever rebuilds them. */
  readonly sha256: string;
}

export interface Rebuilt {
  readonly tables: readonly RebuiltTable[];
  /** To the query, when there was one. */
  readonly answer: Answer | undefined;
}

/** Looked again so often whether all is applied. */
const LOOK_MS = 500;

/**
 * Reads a whole export that was verified into the read models, and asks them.
 * @param query GraphQL; sees what the owner of the workspace does
 * @throws CliError when the export can't be applied; AuditFailure when it is not a whole one
 */
export async function rebuild(folder: string, manifest: Manifest, query: string | undefined): Promise<Rebuilt> {
  const log = new ExportedLog(folder, manifest, allEvents);
  const logger = createLogger({ name: 'rebuild', level: 'silent' });
  const progress = startProgress('rebuilding', manifest.events, 'events');
  await sweepEphemeral();
  const scratch = await ephemeralDatabase(logger);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort(new CliError('it was interrupted', 'nothing is left of it'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await migrate(scratch.url);
    const apiUrl = await ensureApiLogin(scratch.url, 'teampulse_api', randomUUID());
    await apply(log, scratch.url, apiUrl, progress, interruption.signal);
    const tables = await digests(scratch.url, manifest.workspaceId);
    const answer = query === undefined ? undefined : await askRebuilt({ log, apiUrl, query, workspaceId: manifest.workspaceId, logger }); // prettier-ignore
    progress.finish();
    return { tables, answer };
  } catch (error) {
    progress.abandon();
    throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await scratch.stop();
  }
}

async function apply(
  log: ExportedLog,
  url: string,
  apiUrl: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const database = new PostgresWriteDatabase(url);
  const reads = new PostgresReadDatabase(apiUrl);
  const failures: Extract<EngineNotice, { kind: 'stopped' | 'parked' }>[] = [];
  let applied = 0;
  const notice = (heard: EngineNotice): void => {
    if (heard.kind === 'stopped' || heard.kind === 'parked') failures.push(heard);
    // The index of events takes every one of them.
    if (heard.kind === 'applied' && heard.projection === 'event-index') applied += heard.events;
  };
  const worker = new ProjectionWorker({ log, database, projections: allProjections, notice });
  try {
    await worker.start();
    const head = await log.head();
    const names = allProjections.map(({ name }) => name);
    if (!head) return;
    // As long as it takes: it reads to the end, or stops and says so.
    for (let shown = 0; failures.length === 0;) {
      signal.throwIfAborted();
      const outcome = await reads.waitForPosition(names, head, LOOK_MS);
      progress.advance(applied - shown);
      shown = applied;
      if (outcome === 'reached') break;
    }
  } finally {
    await worker.stop();
    await Promise.all([reads.close(), database.close()]);
  }
  const [failure] = failures;
  if (failure) throw new CliError(`${failure.projection} can't apply an event of the export: ${failure.reason}`, 'rebuild with the version of this program that showed the figure'); // prettier-ignore
}

async function digests(url: string, workspaceId: string): Promise<readonly RebuiltTable[]> {
  const database = new PostgresWriteDatabase(url);
  try {
    const tables: RebuiltTable[] = [];
    for (const { name } of allProjections.flatMap(tablesOf)) {
      const [row] = await database.query({
        text: `SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(hash, '' ORDER BY hash), ''), 'UTF8')), 'hex')
          FROM (SELECT encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex') COLLATE "C" AS hash FROM read."${name}" t
            WHERE workspace_id = $1) rows`,
        values: [workspaceId],
      });
      tables.push({ table: name, rows: Number(row?.[0]), sha256: row?.[1] ?? '' });
    }
    return tables;
  } finally {
    await database.close();
  }
}
