import { describe, expect, it } from 'vitest';
import { CompleteRun } from '../../../commands/sync/complete-run.command.js';
import { FailRun } from '../../../commands/sync/fail-run.command.js';
import { ProgressRun } from '../../../commands/sync/progress-run.command.js';
import { RejectRecords } from '../../../commands/sync/reject-records.command.js';
import type { WorkspaceCommand } from '../../../commands/shared/command.js';
import { reject, type Rejection } from '../../../domain/shared/rejection.js';
import type { RejectedRecord } from '../../../domain/sync/sync-run.events.js';
import type { Send } from '../translate/translator.js';
import { RunJournal, RunStopped, type RunPlace } from './run-journal.js';

const runId = '0190b5a0-0000-7000-8000-000000000009';
const context = { workspaceId: runId, actor: { kind: 'system' as const, id: 'x' }, commandId: runId, correlationId: runId }; // prettier-ignore
const noCounts = { read: 0, changed: 0, unchanged: 0, rejected: 0 };
const bad = (line: number): RejectedRecord => ({ source: 'a.csv', line, column: null, value: null, reason: 'no' });

interface Told {
  readonly what: string;
  readonly input: unknown;
  readonly commandId: string;
}

function journal(
  start: Partial<RunPlace> = {},
  refusal?: Rejection,
): { readonly journal: RunJournal; readonly told: Told[]; readonly kept: RejectedRecord[] } {
  const told: Told[] = [];
  const kept: RejectedRecord[] = [];
  const send = ((command: WorkspaceCommand<unknown, unknown>) => {
    told.push({ what: command.constructor.name, input: command.input, commandId: command.context.commandId });
    return Promise.resolve(refusal ?? { accepted: true, id: runId, state: {}, version: 1, position: { commit: 1n, prepare: 1n }, written: 1 }); // prettier-ignore
  }) as Send;
  const place = { record: 0, rejects: 0, done: false, counts: noCounts, ...start };
  return {
    journal: new RunJournal(
      send,
      runId,
      () => context,
      place,
      (records) => kept.push(...records),
    ),
    told,
    kept,
  };
}

describe('the journal of a run', () => {
  it('writes a chapter down only when all in it and before it is done', async () => {
    const { journal: of, told } = journal();
    const first = of.current;
    first.pending = 1;
    of.turn(10);
    const second = of.current;
    second.pending = 1;
    of.turn(20);
    second.pending = 0;
    of.settle();
    await of.isWritten();
    expect(told).toEqual([]);
    expect(of.unwritten).toBe(3);
    first.counts.read = 10;
    first.pending = 0;
    of.settle();
    await of.isWritten();
    expect(told.map(({ input }) => input)).toEqual([
      { runId, cursor: { record: 10, rejects: 0 }, counts: { ...noCounts, read: 10 } },
      { runId, cursor: { record: 20, rejects: 0 }, counts: { ...noCounts, read: 10 } },
    ]);
  });

  it('keeps rejects before the cursor that counts them, in the order of the source, 200 at a time', async () => {
    const { journal: of, told, kept } = journal({ record: 5, rejects: 3 });
    for (let line = 250; line >= 1; line -= 1) of.current.rejects.push(bad(line));
    of.turn(300);
    await of.isWritten();
    expect(told.map(({ what }) => what)).toEqual([RejectRecords.name, RejectRecords.name, ProgressRun.name]);
    expect(told[0]?.input).toMatchObject({ offset: 3, records: { length: 200 } });
    expect(told[1]?.input).toMatchObject({ offset: 203, records: { length: 50 } });
    expect(told[2]?.input).toMatchObject({ cursor: { record: 300, rejects: 253 } });
    expect(kept.map(({ line }) => line)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
  });

  it('says the same place with the same command, so that it is said once', async () => {
    const [one, two] = [journal(), journal()];
    for (const { journal: of } of [one, two]) of.turn(10, { page: 'https://shop.example.org/?page=2' });
    await Promise.all([one.journal.isWritten(), two.journal.isWritten()]);
    expect(one.told[0]?.commandId).toBe(two.told[0]?.commandId);
    expect(one.told[0]?.input).toMatchObject({ cursor: { record: 10, page: 'https://shop.example.org/?page=2' } });
  });

  it('ends with the counts of all chapters', async () => {
    const { journal: of, told } = journal({ counts: { ...noCounts, read: 5, changed: 5 } });
    of.current.counts.read = 2;
    of.current.counts.unchanged = 2;
    of.turn(7, { isLast: true });
    await of.complete();
    expect(told.map(({ what }) => what)).toEqual([ProgressRun.name, CompleteRun.name]);
    expect(told[0]?.input).toMatchObject({ cursor: { done: 1 } });
    expect(told[1]?.input).toMatchObject({ counts: { read: 7, changed: 5, unchanged: 2, rejected: 0 } });
  });

  it('fails with a reason that fits an event', async () => {
    const { journal: of, told } = journal();
    await of.fail('x'.repeat(2_000));
    expect(told[0]).toMatchObject({ what: FailRun.name, input: { reason: 'x'.repeat(500) } });
  });

  it('stops when the run was ended from elsewhere', async () => {
    const { journal: of } = journal({}, reject('NOT_ALLOWED_NOW', 'this run has ended: CANCELLED'));
    of.turn(10);
    await expect(of.isWritten()).rejects.toThrow(RunStopped);
  });
});
