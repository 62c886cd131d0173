import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';
import { hasRealData, importRealData, realDataPath, type ImportedSet } from '../support/real-data.js';

interface Times {
  readonly n: number;
  readonly [figure: string]: number;
}
interface ProjectFigures {
  readonly issues: number;
  readonly done: number;
  readonly reopens: number;
  readonly reassignments: number;
  readonly done_after_duedate: number;
  readonly lead_days: Times;
  readonly cycle_days: Times;
  readonly throughput_per_month: Readonly<Record<string, number>>;
  readonly created_per_month: Readonly<Record<string, number>>;
  readonly days_in_status: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
}
interface Expected {
  readonly projects: Readonly<Record<string, ProjectFigures>>;
  readonly all: Pick<ProjectFigures, 'issues' | 'done' | 'reopens' | 'lead_days' | 'cycle_days'>;
  readonly status_as_of: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;
}
interface Count {
  readonly count: number;
}
interface Flow {
  readonly totals: Readonly<Record<string, number>>;
  readonly leadTime: Times;
  readonly cycleTime: Times;
  readonly throughput: readonly (Count & { readonly start: string })[];
  readonly created: readonly (Count & { readonly start: string })[];
  readonly types: readonly (Count & { readonly type: string })[];
  readonly daysInStatus: readonly { readonly statusName: string; readonly days: number }[];
}
interface Issue {
  readonly externalKey: string;
  readonly createdAt: string;
  readonly statusName: string;
  readonly project: { readonly key: string };
  readonly flow: { readonly doneAt: string | null; readonly leadTimeDays: number | null; readonly cycleTimeDays: number | null }; // prettier-ignore
  readonly statusHistory: readonly { readonly statusName: string; readonly reopened: boolean }[];
}

const TIMES = '{ n p50 p75 p85 p95 mean min max }';
const FLOW = `query ($projectIds: [UUID!]) { flow(projectIds: $projectIds) {
  totals { created done reopens reassignments doneAfterDueDate } leadTime ${TIMES} cycleTime ${TIMES}
  throughput { start count } created { start count } types { type count } daysInStatus { statusName days } } }`;

describe.skipIf(!hasRealData('issues_duraspace_jira'))('four Jira projects with their history', () => {
  let api: TestApi;
  let ask: Gql;
  let expected: Expected;
  let imported: ImportedSet;
  let projects: readonly { readonly id: string; readonly key: string }[];

  beforeAll(async () => {
    expected = JSON.parse(readFileSync(realDataPath('expected/issues_duraspace_jira.json'), 'utf8')) as Expected;
    api = await startTestApi();
    const workspaceId = await api.createWorkspace(undefined, { timeZone: 'UTC' });
    imported = await importRealData('issues_duraspace_jira', { eventstoreUrl: api.eventstoreUrl, workspaceId });
    ask = api.as(workspaceId);
    // Behind everything that was imported: what is read from here on shows all of it.
    const { createLabel } = await ask('mutation { createLabel(input: { name: "end" }) { position } }');
    const minPosition: string = createLabel.position;
    const shown = 'query ($minPosition: Position) { tasks(minPosition: $minPosition) { totalCount } }';
    await vi.waitFor(() => ask(shown, { minPosition }), { timeout: 120_000, interval: 100 });
    ({ nodes: projects } = (
      await ask('query ($minPosition: Position) { projects(minPosition: $minPosition) { nodes { id key } } }', {
        minPosition,
      })
    ).projects);
  }, 300_000);
  afterAll(() => api?.close());

  it('has every project and issue', () => {
    expect(imported.outcomes).toMatchObject([{ outcome: 'completed', counts: { read: 2117, changed: 2117 } }]);
    expect(imported.rejects).toEqual([]);
    expect(projects.map(({ key }) => key)).toEqual(Object.keys(expected.projects).toSorted());
  });

  it('tells how each project flowed: lead and cycle time, throughput, reopens, time in each status', async () => {
    for (const { id, key } of projects) {
      const { flow } = (await ask(FLOW, { projectIds: [id] })) as { flow: Flow };
      expect(figuresOf(flow), key).toEqual(withoutExtras(expected.projects[key]));
    }
  });

  it('tells how all of them flowed together', async () => {
    const { flow } = (await ask(FLOW)) as { flow: Flow };
    const { issues, done, reopens, lead_days, cycle_days } = figuresOf(flow);
    expect({ issues, done, reopens, lead_days, cycle_days }).toEqual({
      ...expected.all,
      lead_days: rounded(expected.all.lead_days),
      cycle_days: rounded(expected.all.cycle_days),
    });
  });

  it('tells how many issues stood in each status on a past day', async () => {
    for (const [date, byProject] of Object.entries(expected.status_as_of)) {
      for (const { id, key } of projects) {
        const { flow } = await ask(
          'query ($id: UUID!, $date: Date!) { flow(projectIds: [$id]) { statusAsOf(date: $date) { statusName count } } }',
          { id, date },
        );
        const { statusAsOf } = flow as { statusAsOf: readonly (Count & { statusName: string })[] };
        const counts = Object.fromEntries(statusAsOf.map(({ statusName, count }) => [statusName, count]));
        expect(counts, `${key} on ${date}`).toEqual(byProject[key] ?? {});
      }
    }
  });

  it('tells the history of every single issue', async () => {
    const lines = readFileSync(realDataPath('expected/issues_duraspace_jira_per_issue.csv'), 'utf8')
      .trim()
      .split(/\r?\n/);
    const issues = new Map((await allIssues()).map((issue) => [issue.externalKey, issue]));
    expect(issues.size).toBe(lines.length - 1);
    for (const line of lines.slice(1)) {
      const [key = '', project, created, initial, final, doneAt, reopens, lead, cycle] = line.split(',');
      const issue = issues.get(key);
      expect(issue && factsOf(issue)).toEqual([
        key,
        project,
        instant(created),
        initial,
        final,
        instant(doneAt),
        Number(reopens),
      ]);
      expect(issue?.flow.leadTimeDays ?? 0, `lead time of ${key}`).toBeCloseTo(Number(lead), 5);
      expect(issue?.flow.cycleTimeDays ?? 0, `cycle time of ${key}`).toBeCloseTo(Number(cycle), 5);
      expect(issue?.flow.cycleTimeDays === null, `${key} was active and is done`).toBe(cycle === '');
    }
  });

  async function allIssues(): Promise<Issue[]> {
    const issues: Issue[] = [];
    let after: string | null = null;
    do {
      const { tasks } = (await ask(
        `query ($after: String) { tasks(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
          nodes { externalKey createdAt statusName project { key } flow { doneAt leadTimeDays cycleTimeDays }
            statusHistory { statusName reopened } } } }`,
        { after },
      )) as { tasks: { nodes: Issue[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
      issues.push(...tasks.nodes);
      after = tasks.pageInfo.hasNextPage ? tasks.pageInfo.endCursor : null;
    } while (after !== null);
    return issues;
  }
});

type Figures = Omit<ProjectFigures, 'lead_days' | 'cycle_days'> & { lead_days: object; cycle_days: object };

function figuresOf(flow: Flow): Figures {
  const { created, done, reopens, reassignments, doneAfterDueDate } = flow.totals;
  const byMonth = (buckets: Flow['created']): Record<string, number> =>
    Object.fromEntries(buckets.map(({ start, count }) => [start.slice(0, 7), count]));
  return {
    issues: created ?? 0,
    done: done ?? 0,
    reopens: reopens ?? 0,
    reassignments: reassignments ?? 0,
    done_after_duedate: doneAfterDueDate ?? 0,
    lead_days: rounded(flow.leadTime),
    cycle_days: rounded(flow.cycleTime),
    throughput_per_month: byMonth(flow.throughput),
    created_per_month: byMonth(flow.created),
    days_in_status: Object.fromEntries(
      flow.daysInStatus.map(({ statusName, days }) => [statusName, Number(days.toFixed(3))]),
    ),
    types: Object.fromEntries(flow.types.map(({ type, count }) => [type, count])),
  };
}

/** As many digits as the expected figures have. */
const rounded = (times: Times): object =>
  Object.fromEntries(
    Object.entries(times).map(([name, value]) => [
      name,
      Number(value.toFixed(name === 'min' || name === 'max' ? 6 : 4)),
    ]),
  );

/** `negative_lead` counts errors that the events can't hold: nothing is done before it is created. */
function withoutExtras(figures: (ProjectFigures & { negative_lead?: number }) | undefined): object {
  const { negative_lead, ...rest } = figures ?? {};
  expect(negative_lead).toBe(0);
  return rest;
}

const instant = (text: string | null | undefined): string | null => (text ? new Date(text).toISOString() : null);

const factsOf = ({ externalKey, project, createdAt, statusHistory, statusName, flow }: Issue): unknown[] => [
  externalKey,
  project.key,
  createdAt,
  statusHistory[0]?.statusName,
  statusName,
  flow.doneAt,
  statusHistory.filter(({ reopened }) => reopened).length,
];
