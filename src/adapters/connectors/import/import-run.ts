/**
 * One run of an import: reads sources in order, translates records, sends commands side by side, keeps the progress in the
 * log. The states of a run: not there → running → completed or failed. A run that is found running was killed: a file is read
 * from the beginning again, which is cheap, and sends nothing before its cursor; an address is read from the page on that the
 * cursor names.
 */
import { v7 } from 'uuid';
import { RegisterIntegration } from '../../../commands/sync/register-integration.command.js';
import type { CommandContext } from '../../../commands/shared/command.js';
import { deriveId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import type { RejectedRecord, RunCounts } from '../../../domain/sync/sync-run.events.js';
import { UnreadableSource } from '../files/source-record.js';
import type { PlaceInPages } from '../http/http-pages.js';
import { sourceOf } from '../mapping/mapping.js';
import { ImportContext, rejected, type Sink, type WorkUnit } from '../translate/translator.js';
import { translatorFor } from '../translate/translator-for.js';
import type { ImportPorts, ImportRequest } from './import-request.js';
import { openRun, refusal } from './open-run.js';
import { RunJournal, type Chapter } from './run-journal.js';
import { WorkQueue } from './work-queue.js';

/**
 * Commands under way: what the event store's group commit needs to be busy. Not more: each waits for all before it, and on a machine
 * that is busy with other things the last of 256 waited longer than an append may take.
 */
const IN_FLIGHT = 64;
/**
 * Records between two progress events: often enough to lose seconds, seldom enough not to be felt. Fewer events in very
 * long runs, because a run is one stream and streams are bounded.
 */
const isChapterEnd = (record: number): boolean => record % (record < 5_000_000 ? 5_000 : 100_000) === 0;
/** Of pages each is a chapter, so that a run goes on at its page; of very many every so manieth, for the same reason. */
const isChapterPage = (page: number): boolean => page % (page < 1_000 ? 1 : 50) === 0;
/** Chapters that may wait for one slow piece of work before reading stops. */
const MAX_UNWRITTEN = 8;
/** When so many records were refused and not one was taken, the mapping is wrong, not the data. */
const HOPELESS = 1_000;

export type ImportOutcome =
  | { readonly outcome: 'completed'; readonly runId: string; readonly counts: RunCounts; readonly resumedAt: number }
  /** The same files were brought in before, whole. */
  | { readonly outcome: 'known'; readonly runId: string; readonly counts: RunCounts };

/**
 * @throws UnreadableSource when a source or the mapping is no good; the run, if it had begun, has failed then
 * @throws RunStopped when somebody ended the run; whatever the log throws when it can't be reached: run it again to go on
 */
export async function runImport(request: ImportRequest, ports: ImportPorts): Promise<ImportOutcome> {
  const { workspaceId, mapping, integration } = request;
  const integrationId = deriveId('integration', workspaceId, ...integration.key);
  const of = (runId: string): CommandContext => ({
    workspaceId,
    actor: { kind: 'integration', id: integrationId },
    commandId: v7(),
    correlationId: runId,
    source: { runId },
  });
  const { kind, name, config } = integration;
  const registered = await ports.send(new RegisterIntegration({ id: integrationId, kind, name, config }, of(integrationId))); // prettier-ignore
  // A person may have configured it since.
  if (registered instanceof Rejection && registered.code !== 'ALREADY_EXISTS') throw refusal(registered);

  const { runId, isKnown, place, from } = await openRun(request, integrationId, ports, of);
  if (isKnown) {
    ports.onRejects(await ports.keptRejects(runId));
    return { outcome: 'known', runId, counts: place.counts };
  }
  if (place.rejects > 0) ports.onRejects((await ports.keptRejects(runId)).slice(0, place.rejects));
  const journal = new RunJournal(ports.send, runId, () => of(runId), place, ports.onRejects);
  const context = new ImportContext(workspaceId, request.timeZone, integrationId, runId, sourceOf(mapping));
  try {
    if (!place.done) await readAll(request, ports, journal, context, place.record, from);
  } catch (error) {
    if (error instanceof UnreadableSource) await journal.fail(error.message);
    throw error;
  }
  await journal.complete();
  return { outcome: 'completed', runId, counts: journal.totals, resumedAt: place.record };
}

async function readAll(
  { mapping, sources }: ImportRequest,
  ports: ImportPorts,
  journal: RunJournal,
  context: ImportContext,
  resumedAt: number,
  from: PlaceInPages | undefined,
): Promise<void> {
  const translator = translatorFor(mapping, context);
  const queue = new WorkQueue(IN_FLIGHT);
  const waiting: WorkUnit[] = [];
  let record = from?.record ?? 0;
  /** Of an address: the page that follows what was read. */
  let page = from?.page;
  let pages = 0;
  /** Everything up to the cursor is in the log; translating it again only brings the translator to where it was. */
  let isReplay = resumedAt > record;
  let firstReject: RejectedRecord | undefined;
  const keep = (chapter: Chapter, reject: RejectedRecord): void => {
    firstReject ??= reject;
    chapter.rejects.push(reject);
  };
  const sink: Sink = {
    unit: (unit) => {
      if (!isReplay) waiting.push(unit);
    },
    reject: (reject) => {
      if (isReplay) return;
      const { current } = journal;
      current.counts.read += 1;
      current.counts.rejected += 1;
      keep(current, reject);
    },
    leaveOut: () => {
      if (isReplay) return;
      journal.current.counts.read += 1;
      journal.current.counts.unchanged += 1;
    },
  };
  const startWaiting = async (): Promise<void> => {
    for (const unit of waiting) {
      await queue.hasRoom();
      const chapter = journal.current;
      chapter.pending += 1;
      queue.start(unit.key, () => perform(unit, chapter));
    }
    waiting.length = 0;
  };
  const perform = async (unit: WorkUnit, chapter: Chapter): Promise<void> => {
    const done = await unit.perform(ports.send);
    const { counts } = chapter;
    counts.read += unit.records;
    if (done instanceof Rejection) {
      // A refused document is one line in the rejects, at its first, and counts with all its lines.
      counts.rejected += unit.records;
      const column = done.field.length > 0 ? done.field.join('.') : null;
      keep(chapter, rejected(unit.source, unit.line, column, null, withLines(done.message, unit.records)));
    } else if (done.written > 0) counts.changed += unit.records;
    else counts.unchanged += unit.records;
    chapter.pending -= 1;
    journal.settle();
  };
  const turnChapter = async (): Promise<void> => {
    await startWaiting();
    if (isReplay) {
      isReplay = record < resumedAt;
      return;
    }
    journal.turn(record, { page });
    const { changed, unchanged, rejected: refused } = journal.totals;
    if (refused >= HOPELESS && changed + unchanged === 0) {
      throw new UnreadableSource(
        `The first ${refused} records were all refused, the first because: ${firstReject?.reason}. The mapping ${mapping.name} is probably not right for this file.`,
      );
    }
    while (journal.unwritten > MAX_UNWRITTEN) {
      // Something in the oldest chapter is slow; reading on would only fill the memory.
      await queue.isDone();
      await journal.isWritten();
    }
  };

  const endChapter = async (isLast: boolean): Promise<void> => {
    await startWaiting();
    await queue.isDone();
    journal.turn(record, { page, isLast });
    await journal.isWritten();
  };

  try {
    for (const { open } of sources) {
      const source = await open(from);
      translator.begin(source);
      for await (const batch of source.batches) {
        for (const item of batch) {
          record += 1;
          translator.add(item, sink);
          if (!source.nextPage && isChapterEnd(record)) await turnChapter();
        }
        await startWaiting();
        page = source.nextPage?.();
        pages += 1;
        // The last page is written down with the end.
        if (page !== undefined && isChapterPage(pages)) await turnChapter();
        ports.onProgress({ records: record, counts: journal.totals, source });
      }
      translator.end(sink);
      await startWaiting();
    }
    isReplay = false;
    translator.finish?.(sink);
    await endChapter(true);
  } catch (error) {
    // What was read before the source turned out to be no good is in; the run says so before it fails.
    if (error instanceof UnreadableSource && !isReplay) await endChapter(false);
    throw error;
  }
}

const withLines = (message: string, lines: number): string =>
  lines > 1 ? `${message} (this and ${lines - 1} more lines)` : message;
