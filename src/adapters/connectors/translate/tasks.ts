/** Tasks, one record each, as lists and exports of other tools give them: how each stands now, without its history. */
import { ChangeTaskStatus } from '../../../commands/work/change-task-status.command.js';
import { CreateTask } from '../../../commands/work/create-task.command.js';
import { SetTaskAssignees } from '../../../commands/work/set-task-assignees.command.js';
import { UpdateTask } from '../../../commands/work/update-task.command.js';
import type { CommandContext, WorkspaceCommand } from '../../../commands/shared/command.js';
import { importedId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import { fromLocal, instantSchema } from '../../../domain/shared/time.js';
import { taskPrioritySchema, type TaskPriority } from '../../../domain/work/task.events.js';
import type { RecordSource } from '../files/source-record.js';
import type { TasksMapping } from '../mapping/mapping.js';
import { dateReader } from '../mapping/read-dates.js';
import { BadValue, decimalReader, labelOf, readField } from '../mapping/read-fields.js';
import { required, TableTranslator, type SourceReader } from './table-translator.js';
import { fingerprint, saidOtherwiseSince, tell, type ImportContext, type Performed, type Send } from './translator.js'; // prettier-ignore
import { statusByWords, WorkThings } from './work-things.js';

interface TaskRow {
  readonly key: string;
  readonly project: string;
  readonly projectName: string;
  readonly assignee: string;
  readonly status: string;
  readonly created: string | undefined;
  readonly details: {
    readonly title: string;
    readonly description?: string;
    readonly type?: string;
    readonly priority?: TaskPriority;
    readonly storyPoints?: number;
    readonly dueDate?: string;
  };
}

export class TasksTranslator extends TableTranslator<TasksMapping> {
  private readonly things: WorkThings;

  constructor(
    mapping: TasksMapping,
    private readonly context: ImportContext,
  ) {
    super(mapping);
    this.things = new WorkThings(context, mapping.statuses);
  }

  protected override read({ header, name: source }: RecordSource): SourceReader {
    const { fields, missing, dates, decimals } = this.mapping;
    const readers = new Map(Object.entries(fields).map(([name, field]) => [name, readField(field, header, missing)]));
    const day = dateReader(dates);
    const decimal = decimalReader(decimals);
    const zone = this.context.timeZone;
    const instant = (text: string, column: string | null, time: string): string => {
      // With a zone of its own it is an instant already; some leave out the seconds, or the colon of the offset.
      const zoned = text.replace(/(T\d\d:\d\d)(?=Z|[+-])/, '$1:00').replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
      const known = instantSchema.safeParse(zoned);
      if (known.success) return known.data;
      const clock = day(text, column);
      return fromLocal(clock.date, clock.time ?? time, zone);
    };
    return {
      take: ({ columns, line }, sink) => {
        const text = (name: keyof typeof fields): string => readers.get(name)?.(columns) ?? '';
        const needed = (name: keyof typeof fields): string =>
          required(text(name), labelOf(fields[name]), `the ${name}`);
        const [description, type, priority, points, due, created] = [text('description'), text('type'), text('priority'), text('storyPoints'), text('dueDate'), text('created')]; // prettier-ignore
        const row: TaskRow = {
          key: needed('key'),
          project: projectKey(needed('project')),
          projectName: text('projectName') || text('project'),
          assignee: text('assignee'),
          status: text('status'),
          created: created === '' ? undefined : instant(created, labelOf(fields.created), '00:00'),
          details: {
            title: needed('title'),
            ...(description !== '' && { description }),
            ...(type !== '' && { type }),
            ...(priority !== '' && { priority: this.priority(priority) }),
            ...(points !== '' && { storyPoints: wholeNumber(decimal(points, labelOf(fields.storyPoints)), labelOf(fields.storyPoints)) }),
            ...(due !== '' && { dueDate: instant(due, labelOf(fields.dueDate), '23:59:59') }),
          },
        }; // prettier-ignore
        sink.unit({ key: row.key, records: 1, source, line, perform: (send) => this.write(send, row) });
      },
    };
  }

  private async write(send: Send, row: TaskRow): Promise<Performed> {
    const { context } = this;
    const at = row.created ?? undefined;
    const of = (what: string) => context.of(at, 'task', row.key, what, fingerprint(row));
    const projectId = await this.things.project(send, row.project, row.projectName, at);
    if (projectId instanceof Rejection) return projectId;
    const assigneeId = row.assignee === '' ? undefined : await this.things.member(send, row.assignee, row.assignee, at); // prettier-ignore
    if (assigneeId instanceof Rejection) return assigneeId;
    const id = importedId(context.workspaceId, context.source, 'task', row.key);
    const input = { id, projectId, externalKey: row.key, ...row.details, assigneeIds: assigneeId === undefined ? [] : [assigneeId] }; // prettier-ignore
    const status = row.status || null;
    let made = await send(new CreateTask({ ...input, status }, of('create')));
    if (isUnknownStatus(made)) made = await send(new CreateTask({ ...input, status: this.canonical(row.status) }, of('create'))); // prettier-ignore
    if (made instanceof Rejection)
      return made.code === 'ALREADY_EXISTS' ? this.update(send, row, id, assigneeId) : made;
    const isNew = made.written > 0 || (made.repeated !== undefined && !saidOtherwiseSince(made, context));
    return isNew ? { written: made.written } : this.update(send, row, id, assigneeId);
  }

  /** A task that was brought in before, when the source said something else of it: it is now that it is brought up to date. */
  private async update(send: Send, row: TaskRow, taskId: string, assigneeId: string | undefined): Promise<Performed> {
    const { fields } = this.mapping;
    // What the source has a column for and says nothing of is not there any more.
    const details = {
      ...(fields.description !== undefined && { description: '' }),
      ...(fields.storyPoints !== undefined && { storyPoints: null }),
      ...(fields.dueDate !== undefined && { dueDate: null }),
      ...row.details,
    };
    const content = fingerprint(row);
    const say = (what: string, make: (of: CommandContext) => WorkspaceCommand<unknown, unknown>) =>
      tell(send, this.context, make, undefined, 'task', row.key, what, content);
    const steps = [() => say('details', (of) => new UpdateTask({ taskId, ...details }, of))];
    if (row.status !== '') {
      const change = (status: string) => say('status', (of) => new ChangeTaskStatus({ taskId, status }, of));
      steps.push(async () => {
        const changed = await change(row.status);
        return isUnknownStatus(changed) ? change(this.canonical(row.status)) : changed;
      });
    }
    if (fields.assignee !== undefined) {
      const assigneeIds = assigneeId === undefined ? [] : [assigneeId];
      steps.push(() => say('assign', (of) => new SetTaskAssignees({ taskId, assigneeIds }, of)));
    }
    let written = 0;
    for (const step of steps) {
      const result = await step();
      if (result instanceof Rejection) return result;
      written += result.written;
    }
    return { written };
  }

  private canonical(status: string): string {
    return this.mapping.statuses[status] ?? statusByWords(status);
  }

  private priority(text: string): TaskPriority {
    const named = this.mapping.priorities[text] ?? taskPrioritySchema.safeParse(text.toUpperCase()).data;
    if (named) return named;
    throw new BadValue(labelOf(this.mapping.fields.priority), text, `${JSON.stringify(text)} is not a known priority; name it under "priorities" in the mapping`); // prettier-ignore
  }
}

const isUnknownStatus = (result: unknown): boolean =>
  result instanceof Rejection && result.code === 'INVALID' && result.field[0] === 'status';

function wholeNumber(text: string, column: string | null): number {
  const number = Number(text);
  if (!Number.isInteger(number)) throw new BadValue(column, text, 'story points are a whole number');
  return number;
}

/** A key of ours out of a name: `Web shop` is `WEB_SHOP`. */
function projectKey(text: string): string {
  const key = text.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').replaceAll(/^[_0-9]+|_+$/g, '').slice(0, 20); // prettier-ignore
  return key === '' ? 'IMPORTED' : key;
}
