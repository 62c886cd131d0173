/**
 * Which run an import is. Files are known by their content: the same files with the same mapping are one run, which is gone on
 * with or known to be done. What an address gives changes, so each time is another run, unless the last one was stopped.
 */
import { StartRun, type SyncRunState } from '../../../commands/sync/start-run.command.js';
import { FailRun } from '../../../commands/sync/fail-run.command.js';
import type { CommandContext, CommandResult } from '../../../commands/shared/command.js';
import { deriveId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import type { RunCounts } from '../../../domain/sync/sync-run.events.js';
import { UnreadableSource } from '../files/source-record.js';
import type { PlaceInPages } from '../http/http-pages.js';
import { remembersRecords } from '../translate/translator-for.js';
import type { ImportPorts, ImportRequest } from './import-request.js';
import type { RunPlace } from './run-journal.js';

/** Runs of the same files that failed or were cancelled; beyond it something else is wrong. */
const MAX_ATTEMPTS = 100;

type Cursor = Readonly<Record<string, string | number>>;

interface RunFound {
  readonly status: string;
  readonly cursor: Cursor | null;
  readonly counts: RunCounts;
}

export interface OpenedRun {
  readonly runId: string;
  readonly isKnown: boolean;
  readonly place: RunPlace;
  /** Of an address: where to go on; from its first page when undefined. */
  readonly from: PlaceInPages | undefined;
}

/** The run to do now, started. @throws UnreadableSource when it was ended too often */
export async function openRun(
  request: ImportRequest,
  integrationId: string,
  ports: ImportPorts,
  contextOf: (runId: string) => CommandContext,
): Promise<OpenedRun> {
  const { workspaceId, mapping, sources } = request;
  const isLive = sources.some(({ fingerprint }) => fingerprint === null);
  const content = sources.map(({ name, fingerprint }) => fingerprint ?? name);
  const runIdOf = (attempt: number): string =>
    deriveId('import-run', workspaceId, integrationId, JSON.stringify(mapping), ...content, attempt);
  const first = isLive ? await lastAttempt((attempt) => ports.hasRun(runIdOf(attempt))) : 1;

  let cursor: Cursor | null = null;
  for (let attempt = first; attempt < first + MAX_ATTEMPTS; attempt += 1) {
    const runId = runIdOf(attempt);
    const named = sources.map(({ name, fingerprint }) => ({ name, fingerprint }));
    const started: CommandResult<SyncRunState> = await ports.send(
      new StartRun({ id: runId, integrationId, subject: mapping.kind, sources: named, cursor }, contextOf(runId)),
    );
    if (started instanceof Rejection) throw refusal(started);
    const state: SyncRunState = started.state;
    if (!state.exists) continue;
    if (state.status === 'COMPLETED' && !isLive) return opened(runId, state, isLive);
    if (state.status === 'RUNNING') {
      if (started.written > 0 || !isLive || !remembersRecords(mapping)) return opened(runId, state, isLive);
      // Its records hang together over pages: nothing can be made of those in the middle without those before.
      const reason = 'it was stopped; a new run reads the address from its first page again';
      const failed = await ports.send(new FailRun({ runId, reason }, contextOf(runId)));
      if (failed instanceof Rejection) throw refusal(failed);
    }
    cursor = isLive && !remembersRecords(mapping) ? onwardFrom(state) : null;
  }
  throw new UnreadableSource(`This import was ended ${MAX_ATTEMPTS} times before it was done. Look at its runs for the reason.`); // prettier-ignore
}

/**
 * Where the run after one that failed goes on: at the page it failed at. Not when it had brought nothing in; then the place
 * may be what is wrong, such as a cursor that the server no longer knows.
 */
function onwardFrom({ status, cursor, counts }: RunFound): Cursor | null {
  if (status !== 'FAILED' || counts.changed + counts.unchanged === 0) return null;
  const place = placeIn(cursor);
  return place ? { record: place.record, rejects: 0, page: place.page } : null;
}

function opened(runId: string, { status, cursor, counts }: RunFound, isLive: boolean): OpenedRun {
  const from = isLive ? placeIn(cursor) : undefined;
  const place: RunPlace = {
    record: isLive ? (from?.record ?? 0) : Number(cursor?.['record'] ?? 0),
    rejects: Number(cursor?.['rejects'] ?? 0),
    done: cursor?.['done'] === 1,
    counts,
  };
  return { runId, isKnown: status === 'COMPLETED', place, from };
}

function placeIn(cursor: Cursor | null): PlaceInPages | undefined {
  const page = cursor?.['page'];
  return typeof page === 'string' ? { page, record: Number(cursor?.['record'] ?? 0) } : undefined;
}

/** The highest attempt there is, 1 when there is none: attempts have no gaps, so that few need be asked for. */
async function lastAttempt(exists: (attempt: number) => Promise<boolean>): Promise<number> {
  let beyond = 1;
  while (await exists(beyond)) beyond *= 2;
  let last = Math.floor(beyond / 2);
  while (beyond - last > 1) {
    const middle = Math.floor((last + beyond) / 2);
    if (await exists(middle)) last = middle;
    else beyond = middle;
  }
  return Math.max(1, last);
}

export const refusal = (rejection: Rejection): Error =>
  Object.assign(new Error(rejection.message), { code: rejection.code });
