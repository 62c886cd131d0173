/** A Jira issue of REST API 2 with its changelog, read into what it was at first and what changed when. */
import { z } from 'zod';
import { instantSchema } from '../../../domain/shared/time.js';

/** `2008-09-13T15:07:32.581-0500`: ISO but for the colon in the offset. */
const jiraInstant = z
  .string()
  .transform((text) => text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  .pipe(instantSchema);

const named = z.object({ name: z.string() });
/** Cloud has accountId, server has name. */
const person = z.object({
  accountId: z.string().optional(),
  name: z.string().optional(),
  displayName: z.string().optional(),
});

const itemSchema = z.object({
  field: z.string(),
  from: z.string().nullish(),
  fromString: z.string().nullish(),
  to: z.string().nullish(),
  // Without this line, every object's own `toString` would be taken for it.
  toString: z.string().nullish(),
});

export const jiraIssueSchema = z.object({
  id: z.string(),
  key: z.string().regex(/^[A-Za-z][A-Za-z0-9_]*-\d+$/, 'an issue key such as ABC-12'),
  fields: z.object({
    summary: z.string(),
    description: z.string().nullish().catch(null),
    issuetype: named.nullish(),
    project: z.object({ key: z.string(), name: z.string().optional() }),
    priority: named.nullish(),
    status: named.extend({ statusCategory: z.object({ key: z.string() }).optional() }),
    created: jiraInstant,
    updated: jiraInstant.nullish(),
    duedate: z.iso.date().nullish(),
    assignee: person.nullish(),
    labels: z.array(z.string()).default([]),
  }),
  changelog: z
    .object({
      histories: z.array(z.object({ id: z.string(), created: jiraInstant, items: z.array(z.unknown()) })),
    })
    .optional(),
});
export type JiraIssue = z.output<typeof jiraIssueSchema>;

/** What of an issue is followed through time. Null: none. */
export interface IssueState {
  readonly status: string;
  readonly title: string;
  readonly description: string | null;
  readonly type: string | null;
  readonly priority: string | null;
  /** `YYYY-MM-DD` */
  readonly dueDate: string | null;
  readonly assignee: Person | null;
  readonly labels: readonly string[];
}
export interface Person {
  readonly login: string;
  readonly name: string;
}

export interface IssueChange {
  /** Unique in the issue: the history's id and the item's place in it. */
  readonly id: string;
  readonly at: string;
  readonly to: Partial<IssueState>;
}

export interface IssueHistory {
  readonly first: IssueState;
  /** In the order they happened. */
  readonly changes: readonly IssueChange[];
  /** As the issue says it is now; other than the changes lead to when the changelog is cut short. */
  readonly now: IssueState;
}

type Item = { readonly [Key in 'from' | 'fromString' | 'to' | 'toString']?: string | null | undefined } & {
  readonly field: string;
};

/**
 * The history of an issue. What a field was at first stands in its first change; a field that never changed is as it is now.
 */
export function historyOf(issue: JiraIssue): IssueHistory {
  const { fields } = issue;
  const now: IssueState = {
    status: fields.status.name,
    title: fields.summary,
    description: fields.description ?? null,
    type: fields.issuetype?.name ?? null,
    priority: fields.priority?.name ?? null,
    dueDate: fields.duedate ?? null,
    assignee: fields.assignee ? personOf(fields.assignee) : null,
    labels: fields.labels,
  };
  const first: { -readonly [Key in keyof IssueState]: IssueState[Key] } = { ...now };
  const seen = new Set<string>();
  const changes: IssueChange[] = [];
  const histories = (issue.changelog?.histories ?? []).toSorted((left, right) => compare(left.created, right.created));
  for (const { id, created, items } of histories) {
    for (const [index, raw] of items.entries()) {
      const item = itemSchema.safeParse(ownProperties(raw));
      if (!item.success) continue;
      const read = FIELDS[item.data.field.toLowerCase()];
      if (!read) continue;
      if (!seen.has(item.data.field)) {
        seen.add(item.data.field);
        Object.assign(first, read(item.data, 'from'));
      }
      changes.push({ id: `${id}-${index}`, at: created, to: read(item.data, 'to') });
    }
  }
  return { first, changes, now };
}

/** Parsed JSON as an object without a prototype: an item without `toString` must not seem to have one. */
const ownProperties = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? { toString: null, ...value } : value;

type ReadItem = (item: Item, side: 'from' | 'to') => Partial<IssueState>;

const word = (item: Item, side: 'from' | 'to'): string | null =>
  (side === 'from' ? item.fromString : item.toString) ?? null;

const FIELDS: Readonly<Record<string, ReadItem>> = {
  status: (item, side) => ({ status: word(item, side) ?? '' }),
  summary: (item, side) => ({ title: word(item, side) ?? '' }),
  description: (item, side) => ({ description: word(item, side) }),
  issuetype: (item, side) => ({ type: word(item, side) }),
  priority: (item, side) => ({ priority: word(item, side) }),
  duedate: (item, side) => ({ dueDate: /^\d{4}-\d{2}-\d{2}/.exec(item[side] ?? '')?.[0] ?? null }),
  assignee: (item, side) => {
    const login = item[side];
    return { assignee: login ? { login, name: word(item, side) ?? login } : null };
  },
  labels: (item, side) => ({ labels: (word(item, side) ?? '').split(' ').filter(Boolean) }),
};

const personOf = ({ accountId, name, displayName }: z.output<typeof person>): Person | null => {
  const login = accountId ?? name ?? displayName;
  return login === undefined ? null : { login, name: displayName ?? login };
};

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
