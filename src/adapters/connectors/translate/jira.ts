/** Jira issues to tasks, with their whole history: each change is a command of its own, at the time it happened. */
import { AssignTask } from '../../../commands/work/assign-task.command.js';
import { ChangeTaskStatus } from '../../../commands/work/change-task-status.command.js';
import { CreateTask } from '../../../commands/work/create-task.command.js';
import { LabelTask } from '../../../commands/work/label-task.command.js';
import { UnassignTask } from '../../../commands/work/unassign-task.command.js';
import { UnlabelTask } from '../../../commands/work/unlabel-task.command.js';
import { UpdateTask } from '../../../commands/work/update-task.command.js';
import type { CommandContext } from '../../../commands/shared/command.js';
import { importedId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import { fromLocal } from '../../../domain/shared/time.js';
import type { TaskStatus } from '../../../domain/work/project.events.js';
import type { TaskPriority } from '../../../domain/work/task.events.js';
import { UnreadableSource, type RecordSource, type SourceRecord } from '../files/source-record.js';
import type { JiraMapping } from '../mapping/mapping.js';
import { historyOf, jiraIssueSchema, type IssueState, type JiraIssue } from './jira-issue.js';
import { fingerprint, rejected, type ImportContext, type Performed, type Send, type Sink, type Translator } from './translator.js'; // prettier-ignore
import { statusByWords, WorkThings } from './work-things.js';

/** Jira's own categories of statuses. */
const CATEGORIES: Readonly<Record<string, TaskStatus>> = { new: 'TODO', indeterminate: 'IN_PROGRESS', done: 'DONE' };

export class JiraTranslator implements Translator {
  private readonly things: WorkThings;
  private name = '';

  constructor(
    private readonly mapping: JiraMapping,
    private readonly context: ImportContext,
  ) {
    this.things = new WorkThings(context, mapping.statuses);
  }

  begin({ name, header }: RecordSource): void {
    this.name = name;
    if (header.includes('issues') || ['key', 'fields'].every((field) => header.includes(field))) return;
    throw new UnreadableSource(
      `${name} holds no Jira issues: a record has key, fields and changelog, as GET /rest/api/2/search?expand=changelog gives them.`,
    );
  }

  add(record: SourceRecord, sink: Sink): void {
    if (record.problem !== undefined) {
      sink.reject(rejected(this.name, record.line, null, record.columns[0] ?? null, record.problem));
      return;
    }
    // A saved page of search results is one record with many issues.
    const { value } = record;
    const page = typeof value === 'object' && value !== null && 'issues' in value ? value.issues : undefined;
    for (const issue of Array.isArray(page) ? (page as unknown[]) : [value]) this.take(issue, record.line, sink);
  }

  end(): void {
    // Every issue stands for itself: nothing is kept back.
  }

  private take(value: unknown, line: number, sink: Sink): void {
    const parsed = jiraIssueSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const key = typeof value === 'object' && value !== null && 'key' in value ? String(value.key) : null;
      sink.reject(rejected(this.name, line, issue?.path.join('.') ?? null, key, issue?.message ?? 'not a Jira issue'));
      return;
    }
    const issue = parsed.data;
    const perform = (send: Send): Promise<Performed> => new IssueWriter(this.mapping, this.context, this.things, send).write(issue); // prettier-ignore
    sink.unit({ key: issue.id, records: 1, source: this.name, line, perform });
  }
}

/** Sends the commands of one issue, in order; stops at the first refusal. */
class IssueWriter {
  private written = 0;

  constructor(
    private readonly mapping: JiraMapping,
    private readonly context: ImportContext,
    private readonly things: WorkThings,
    private readonly send: Send,
  ) {}

  async write(issue: JiraIssue): Promise<Performed> {
    const { first, changes, now } = historyOf(issue);
    const { created, updated, project } = issue.fields;
    const taskId = importedId(this.context.workspaceId, this.context.source, 'task', issue.id);
    // All that the issue refers to, asked for at once and in the order of the file: who first names a person is then the
    // same in every run, however the commands overlap.
    const states = [first, ...changes.map(({ to }) => to), now];
    const [projectId, ...others] = await Promise.all([
      this.things.project(this.send, project.key, project.name ?? project.key, created),
      ...states.flatMap(({ assignee }) => (assignee ? [this.member(assignee, created)] : [])),
      ...states.flatMap(({ labels }) => (labels ?? []).map((label) => this.label(label, created))),
    ]);
    if (projectId instanceof Rejection) return projectId;
    const missing = others.find((id) => id instanceof Rejection);
    if (missing instanceof Rejection) return missing;

    const at = (when: string, ...about: readonly string[]): CommandContext =>
      this.context.of(when, 'issue', issue.id, ...about);
    const refused = await this.create(taskId, projectId, issue, first, at(created, 'created'));
    if (refused) return refused;
    let state = first;
    for (const { id, at: when, to } of changes) {
      const stopped = await this.change(taskId, state, { ...state, ...to }, created, (what) => at(when, id, what));
      if (stopped) return stopped;
      state = { ...state, ...to };
    }
    // A changelog that was cut short, or a field it does not list.
    const caughtUp = (what: string): CommandContext => at(updated ?? created, 'now', fingerprint(now), what);
    return (await this.change(taskId, state, now, created, caughtUp)) ?? { written: this.written };
  }

  private async create(
    taskId: string,
    projectId: string,
    issue: JiraIssue,
    first: IssueState,
    context: CommandContext,
  ): Promise<Rejection | undefined> {
    const { created, status } = issue.fields;
    const assigneeIds = first.assignee ? [await this.member(first.assignee, created)] : [];
    const labelIds = await Promise.all(first.labels.map((label) => this.label(label, created)));
    const input = {
      id: taskId,
      projectId,
      title: first.title,
      description: first.description,
      type: first.type,
      priority: this.priority(first.priority),
      dueDate: this.dueDate(first.dueDate),
      assigneeIds: assigneeIds.filter((id) => typeof id === 'string'),
      labelIds: labelIds.filter((id) => typeof id === 'string'),
      externalKey: issue.key,
    };
    return this.withStatus(first.status, status, async (name) => this.sent(new CreateTask({ ...input, status: name }, context))); // prettier-ignore
  }

  /** Whatever differs between two states, as commands. */
  private async change(
    taskId: string,
    from: IssueState,
    to: IssueState,
    created: string,
    context: (what: string) => CommandContext,
  ): Promise<Rejection | undefined> {
    if (to.status !== from.status) {
      const refused = await this.withStatus(to.status, undefined, async (status) =>
        this.sent(new ChangeTaskStatus({ taskId, status }, context('status'))),
      );
      if (refused) return refused;
    }
    const details = {
      ...(to.title !== from.title && { title: to.title }),
      ...(to.description !== from.description && { description: to.description ?? '' }),
      ...(to.type !== from.type && { type: to.type ?? 'Task' }),
      ...(to.priority !== from.priority && { priority: this.priority(to.priority) }),
      ...(to.dueDate !== from.dueDate && { dueDate: this.dueDate(to.dueDate) }),
    };
    if (Object.keys(details).length > 0) {
      const refused = await this.sent(new UpdateTask({ taskId, ...details }, context('details')));
      if (refused) return refused;
    }
    if (to.assignee?.login !== from.assignee?.login) {
      if (from.assignee) {
        const assigneeId = await this.member(from.assignee, created);
        if (assigneeId instanceof Rejection) return assigneeId;
        const refused = await this.sent(new UnassignTask({ taskId, assigneeId }, context('unassign')));
        if (refused) return refused;
      }
      if (to.assignee) {
        const assigneeId = await this.member(to.assignee, created);
        if (assigneeId instanceof Rejection) return assigneeId;
        const refused = await this.sent(new AssignTask({ taskId, assigneeId }, context('assign')));
        if (refused) return refused;
      }
    }
    for (const name of to.labels.filter((label) => !from.labels.includes(label))) {
      const labelId = await this.label(name, created);
      if (labelId instanceof Rejection) return labelId;
      const refused = await this.sent(new LabelTask({ taskId, labelId }, context(`label ${name}`)));
      if (refused) return refused;
    }
    for (const name of from.labels.filter((label) => !to.labels.includes(label))) {
      const labelId = await this.label(name, created);
      if (labelId instanceof Rejection) return labelId;
      const refused = await this.sent(new UnlabelTask({ taskId, labelId }, context(`unlabel ${name}`)));
      if (refused) return refused;
    }
    return undefined;
  }

  /** By the step's own name; in a project whose board has no such step, by what the name stands for. */
  private async withStatus(
    name: string,
    current: JiraIssue['fields']['status'] | undefined,
    act: (status: string) => Promise<Rejection | undefined>,
  ): Promise<Rejection | undefined> {
    const refused = await act(name);
    if (refused?.code !== 'INVALID' || refused.field[0] !== 'status') return refused;
    const category = current?.name === name ? CATEGORIES[current.statusCategory?.key ?? ''] : undefined;
    return act(this.mapping.statuses[name] ?? category ?? statusByWords(name));
  }

  private async sent(command: Parameters<Send>[0]): Promise<Rejection | undefined> {
    const result = await this.send(command);
    if (result instanceof Rejection) return result;
    this.written += result.written;
    return undefined;
  }

  private member(person: NonNullable<IssueState['assignee']>, occurredAt: string): Promise<string | Rejection> {
    return this.things.member(this.send, person.login, person.name, occurredAt);
  }

  private label(name: string, occurredAt: string): Promise<string | Rejection> {
    return this.things.label(this.send, name, occurredAt);
  }

  private priority(name: string | null): TaskPriority {
    return (name === null ? undefined : this.mapping.priorities[name]) ?? 'MEDIUM';
  }

  /** Due until the end of the day, in the workspace's zone. */
  private dueDate(day: string | null): string | null {
    return day === null ? null : fromLocal(day, '23:59:59', this.context.timeZone);
  }
}
