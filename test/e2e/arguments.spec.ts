/** Arguments at their edges: left out or null, and values that look right and fit nothing. */
import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isInputObjectType,
  isLeafType,
  isNonNullType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
} from 'graphql';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';

let api: TestApi;
let workspaceId: string;
let owner: Gql;
let token: string;

beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace(undefined, { weekStart: 7 });
  owner = api.as(workspaceId);
  token = await api.token(workspaceId);
}, 120_000);
afterAll(() => api.close());

const ERRORS = 'userErrors { code message field }';
const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const queries = Object.values(schema.getQueryType()?.getFields() ?? {});

/** What must be given, as text; what may be left out, as null or not at all. */
function argumentsText(given: readonly (GraphQLArgument | GraphQLInputField)[], nulls: boolean): string {
  return given
    .filter(({ type }) => nulls || isNonNullType(type))
    .map(({ name, type }) => `${name}: ${isNonNullType(type) ? valueText(name, type, nulls) : 'null'}`)
    .join(', ');
}

const SAMPLES: Readonly<Record<string, string>> = { UUID: `"${v7()}"`, String: '"x"', Date: '"2026-03-01"' };

function valueText(name: string, type: GraphQLInputType, nulls: boolean): string {
  const named = getNamedType(type);
  if (isInputObjectType(named)) return `{ ${argumentsText(Object.values(named.getFields()), nulls)} }`;
  const sample = SAMPLES[named.name];
  if (sample === undefined) throw new Error(`no sample of ${named.name} for ${name}`);
  return sample;
}

/** Some queries need one of their arguments, or another token: they must refuse both ways alike. */
const answerTo = async (text = ''): Promise<unknown> => owner(text).catch(String);

describe('an argument that is null', () => {
  // Exactly one of two must be given.
  const named = new Set(['project', 'employee', 'unit']);
  it.each(queries.filter(({ name }) => !named.has(name)))('of $name says the same as one left out', async (query) => {
    const selection = isLeafType(getNamedType(query.type)) ? '' : '{ __typename }';
    const [leftOut, isNull] = [false, true].map((nulls) => {
      const text = argumentsText(query.args, nulls);
      return `{ ${query.name} ${text && `(${text})`} ${selection} }`;
    });
    expect(await answerTo(isNull)).toEqual(await answerTo(leftOut));
  });

  it('leaves the hours that overtime begins at as they are', async () => {
    const added = await owner(
      `mutation { addEmployee(input: { number: "1", name: "Ann" }) { employee { id } ${ERRORS} } }`,
    );
    const day = `mutation ($employeeId: UUID!) {
      checkIn(input: { employeeId: $employeeId, at: "2026-03-02T06:00:00Z" }) { ${ERRORS} }
      checkOut(input: { employeeId: $employeeId, at: "2026-03-02T18:00:00Z" }) { position ${ERRORS} }
    }`;
    const { checkOut } = await owner(day, { employeeId: added.addEmployee.employee.id });
    const query = `query ($overHours: Float, $minPosition: Position) {
      attendanceSummary(filter: { from: "2026-03-01", to: "2026-03-31", overHours: $overHours }, minPosition: $minPosition) { overtime }
    }`;
    const { position: minPosition } = checkOut;
    expect(await owner(query, { overHours: null, minPosition })).toEqual({ attendanceSummary: { overtime: 1 } });
    expect(await owner(query, { overHours: 12, minPosition })).toEqual({ attendanceSummary: { overtime: 0 } });
  });
});

describe('a field of an input that may be left out', () => {
  const parts = {
    fingerprint: { sources: [{ name: 'tills.csv', fingerprint: null }] },
    sources: { sources: null, cursor: null },
    role: { role: null, email: null },
    category: { category: null, profit: null },
    ratePct: { ratePct: null },
    column: { column: null, value: null },
  } as const;
  const without = (part: object): object =>
    Object.fromEntries(
      Object.entries(part)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, Array.isArray(value) ? value.map((item: object) => without(item)) : value]),
    );

  it.each([
    ['null', (part: object): object => part],
    ['left out', without],
  ])('may be %s', async (_, given) => {
    const register = `mutation { registerIntegration(input: { kind: file, name: "Tills" }) { integration { id } ${ERRORS} } }`;
    const integrationId: string = (await owner(register)).registerIntegration.integration.id;
    const start = { integrationId, subject: 'sales' };
    const sale = { sku: 'A', product: 'Lamp', quantity: '1', unitPrice: '1', ...given(parts.category) };
    const query = `mutation ($run: StartRunInput!, $bare: StartRunInput!, $member: AddMemberInput!, $sale: RecordSaleInput!, $rates: ReportUnitRatesInput!) {
      startRun(input: $run) { syncRun { id } ${ERRORS} }
      bare: startRun(input: $bare) { ${ERRORS} }
      addMember(input: $member) { ${ERRORS} }
      recordSale(input: $sale) { ${ERRORS} }
      reportUnitRates(input: $rates) { ${ERRORS} }
    }`;
    const answer = await owner(query, {
      run: { ...start, ...given(parts.fingerprint) },
      bare: { ...start, ...given(parts.sources) },
      member: { name: 'Bob', ...given(parts.role) },
      sale: { reference: v7(), currency: 'USD', lines: [sale] },
      rates: { day: '2026-03-01', rates: [{ code: 'A', ...given(parts.ratePct) }] },
    });
    const reject = `mutation ($input: RejectRecordsInput!) { rejectRecords(input: $input) { ${ERRORS} } }`;
    const record = { source: 'tills.csv', line: 1, reason: 'no number', ...given(parts.column) };
    const input = { runId: answer.startRun.syncRun?.id, offset: 0, records: [record] };
    const rejected = await owner(reject, { input });
    for (const { userErrors } of Object.values<{ userErrors: unknown }>({ ...answer, ...rejected }))
      expect(userErrors).toEqual([]);
  });
});

const saleOf = (line: object): object => {
  const whole = { sku: 'A', product: 'Lamp', quantity: '1', unitPrice: '1', ...line };
  return { input: { reference: '1', currency: 'JPY', lines: [whole] } };
};

describe('a value that fits nothing', () => {
  const zero = JSON.stringify('a\0b');
  it.each([
    [
      'a text with the zero character',
      `{ tasks(filter: { statusNames: [${zero}] }) { totalCount } }`,
      /zero character/,
    ],
    ['a key with the zero character', `{ project(key: ${zero}) { id } }`, /zero character/],
    ['the year 0', '{ salesByDay(filter: { from: "0000-01-01" }) { day } }', /is not a Date/],
    [
      'an instant of the year 0',
      '{ tasks(filter: { dueFrom: "0000-06-01T00:00:00Z" }) { totalCount } }',
      /not a DateTime/,
    ],
    ['a position that no log has', '{ workspace(minPosition: "9999999999999999999/1") { id } }', /is not a Position/],
  ])('as %s is told so', async (_, query, message) => {
    const { body } = await api.send(token, query);
    expect(body.errors).toMatchObject([{ message: expect.stringMatching(message) }]);
    expect(body.errors[0].extensions.code).toMatch(/^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/);
  });

  it('as the last day there is gets its answer', async () => {
    expect(await owner('{ flow { statusAsOf(date: "9999-12-31") { count } } }')).toEqual({ flow: { statusAsOf: [] } });
  });

  it('is refused as part of a sale, and the sales after it are shown', async () => {
    const record = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) { position ${ERRORS} } }`;
    const category = Array.from({ length: 6 }, () => 'x'.repeat(100));
    for (const line of [{ quantity: '999999999999999' }, { unitPrice: '9000000000001' }, { category }]) {
      const { recordSale } = await owner(record, saleOf(line));
      expect(recordSale.userErrors).toMatchObject([{ code: 'INVALID' }]);
    }
    const { recordSale } = await owner(record, saleOf({ profit: '999999999999999' }));
    expect(recordSale.userErrors).toEqual([]);
    const query =
      'query ($minPosition: Position) { salesSummary(filter: { currency: "JPY" }, minPosition: $minPosition) { figures { orders profit { amount } } } }';
    expect(await owner(query, { minPosition: recordSale.position })).toEqual({
      salesSummary: [{ figures: { orders: 1, profit: { amount: '999999999999999' } } }],
    });
  });
});

describe('a week', () => {
  it('begins on the day that the workspace says', async () => {
    const made = await owner(
      `mutation { createProject(input: { key: "W", name: "Weeks" }) { project { id } ${ERRORS} } }`,
    );
    const projectId: string = made.createProject.project.id;
    const create = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { createdAt } position ${ERRORS} } }`;
    const { createTask } = await owner(create, { input: { projectId, title: 'Count me' } });
    const query = `query ($projectIds: [UUID!], $minPosition: Position) {
      flow(projectIds: $projectIds, minPosition: $minPosition) { created(bucket: WEEK) { start count } }
    }`;
    const { flow } = await owner(query, { projectIds: [projectId], minPosition: createTask.position });
    const createdAt = new Date(createTask.task.createdAt);
    const sunday = new Date(createdAt.getTime() - createdAt.getUTCDay() * 86_400_000).toISOString().slice(0, 10);
    expect(flow.created).toEqual([{ start: sunday, count: 1 }]);
  });
});

describe('a task of a project made a moment ago', () => {
  it('is answered in any case, with its project as soon as that is shown', async () => {
    for (let index = 0; index < 5; index++) {
      const made = await owner(
        `mutation { createProject(input: { key: "N${index}", name: "New" }) { project { id } ${ERRORS} } }`,
      );
      const create = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id project { key } } position ${ERRORS} } }`;
      const input = { projectId: made.createProject.project.id, title: 'At once' };
      const { createTask } = await owner(create, { input });
      expect(createTask.userErrors).toEqual([]);
      const query =
        'query ($id: UUID!, $minPosition: Position) { task(id: $id, minPosition: $minPosition) { project { key } } }';
      const shown = await owner(query, { id: createTask.task.id, minPosition: createTask.position });
      expect(shown.task.project).toEqual({ key: `N${index}` });
    }
  });
});
