/**
 * Keeps a run's progress in the log. Records are counted in chapters of a fixed number of records; a chapter is written down
 * (its rejects, then the cursor behind it) only when everything in it and before it is in the log. So the cursor never
 * promises more than is there, and a run that was killed goes on behind the last whole chapter.
 */
import { CompleteRun } from '../../../commands/sync/complete-run.command.js';
import { FailRun } from '../../../commands/sync/fail-run.command.js';
import { ProgressRun } from '../../../commands/sync/progress-run.command.js';
import { RejectRecords } from '../../../commands/sync/reject-records.command.js';
import type { CommandContext } from '../../../commands/shared/command.js';
import { deriveId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import type { RejectedRecord, RunCounts } from '../../../domain/sync/sync-run.events.js';
import type { Send } from '../translate/translator.js';

/** What an event may hold. */
const REJECTS_PER_EVENT = 200;

export interface Chapter {
  /** Number of the last source record in it. */
  through: number;
  /** Of an address: the page behind it. */
  page: string | undefined;
  pending: number;
  isClosed: boolean;
  isLast: boolean;
  readonly counts: { -readonly [Name in keyof RunCounts]: RunCounts[Name] };
  readonly rejects: RejectedRecord[];
}

/** Where a run stands: `record` source records are done, `rejects` of them kept as rejected; `done`: the source was read to its end. */
export interface RunPlace {
  readonly record: number;
  readonly rejects: number;
  readonly done: boolean;
  readonly counts: RunCounts;
}

/** Somebody ended the run while it was under way, or another process took it over. */
export class RunStopped extends Error {
  readonly code = 'RUN_STOPPED';
  override readonly name = 'RunStopped';
}

export class RunJournal {
  private readonly chapters: Chapter[] = [newChapter()];
  private counts: RunCounts;
  /** Rejects of finished chapters that are in the log. */
  private kept: number;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly send: Send,
    private readonly runId: string,
    private readonly context: () => CommandContext,
    start: RunPlace,
    /** Called with the rejects of each chapter once they are kept. */
    private readonly onRejects: (records: readonly RejectedRecord[]) => void,
  ) {
    this.counts = start.counts;
    // Rejects that were kept beyond the last progress are of a chapter that was not finished: they come again.
    this.kept = start.rejects;
  }

  /** The chapter that records are counted in now. */
  get current(): Chapter {
    const chapter = this.chapters.at(-1);
    if (!chapter) throw new Error('a journal always has an open chapter');
    return chapter;
  }

  /** Chapters that are not in the log yet. */
  get unwritten(): number {
    return this.chapters.length;
  }

  get totals(): RunCounts {
    return this.chapters.reduce<RunCounts>((sum, { counts }) => added(sum, counts), this.counts);
  }

  /** Ends the chapter behind this record and opens the next. */
  turn(
    through: number,
    { page, isLast = false }: { readonly page?: string | undefined; readonly isLast?: boolean } = {},
  ): void {
    // prettier-ignore
    const { current } = this;
    current.through = through;
    current.page = page;
    current.isLast = isLast;
    current.isClosed = true;
    this.chapters.push(newChapter());
    this.settle();
  }

  /** Writes down every chapter at the front that is finished. Call whenever work of a chapter is done. */
  settle(): void {
    for (let [first] = this.chapters; first?.isClosed && first.pending === 0; [first] = this.chapters) {
      const chapter = first;
      this.chapters.shift();
      this.counts = added(this.counts, chapter.counts);
      const { counts } = this;
      this.writing = this.writing.then(() => this.write(chapter, counts));
      // Awaited by `isWritten`; a failure in between must not count as unhandled.
      this.writing.catch(() => undefined);
    }
  }

  /** @throws RunStopped, or what made the log unreachable */
  isWritten(): Promise<void> {
    return this.writing;
  }

  async complete(): Promise<void> {
    await this.writing;
    await this.tell(new CompleteRun({ runId: this.runId, counts: this.counts }, this.context()));
  }

  async fail(reason: string): Promise<void> {
    await this.writing;
    await this.tell(new FailRun({ runId: this.runId, reason: reason.slice(0, 500), counts: this.counts }, this.context())); // prettier-ignore
  }

  private async write({ through, page, rejects, isLast }: Chapter, counts: RunCounts): Promise<void> {
    // Work of a chapter ends in any order; the same chapter must give the same rejects in every attempt.
    const sorted = rejects.toSorted((left, right) => compare(left.source, right.source) || left.line - right.line);
    for (let at = 0; at < sorted.length; at += REJECTS_PER_EVENT) {
      const records = sorted.slice(at, at + REJECTS_PER_EVENT);
      await this.tell(new RejectRecords({ runId: this.runId, offset: this.kept, records }, this.context()));
      this.kept += records.length;
      this.onRejects(records);
    }
    const context = {
      ...this.context(),
      commandId: deriveId(
        'import',
        'progress',
        this.runId,
        through,
        String(isLast),
        ...(page === undefined ? [] : [page]),
      ),
    };
    const cursor = {
      record: through,
      rejects: this.kept,
      ...(page !== undefined && { page }),
      ...(isLast && { done: 1 }),
    };
    await this.tell(new ProgressRun({ runId: this.runId, cursor, counts }, context));
  }

  private async tell(command: Parameters<Send>[0]): Promise<void> {
    const result = await this.send(command);
    if (result instanceof Rejection) throw new RunStopped(`The run was ended from elsewhere: ${result.message}.`);
  }
}

const newChapter = (): Chapter => ({
  through: 0,
  page: undefined,
  pending: 0,
  isClosed: false,
  isLast: false,
  counts: { read: 0, changed: 0, unchanged: 0, rejected: 0 },
  rejects: [],
});

const added = (left: RunCounts, right: RunCounts): RunCounts => ({
  read: left.read + right.read,
  changed: left.changed + right.changed,
  unchanged: left.unchanged + right.unchanged,
  rejected: left.rejected + right.rejected,
});

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
