/** The page at `/` in a real browser, and the examples that it opens with. */
import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { BrowserPage, hasBrowser } from '../support/browser.js';

interface Example {
  readonly query: string;
  readonly variables?: string;
}
// Plain JavaScript, as the page takes it.
const file = new URL('../../scripts/graphiql/examples.js', import.meta.url).href;
const { examples } = (await import(file)) as { readonly examples: readonly Example[] };
const named = examples.map((example) => [/(query|subscription) \w+/.exec(example.query)?.[0] ?? '', example] as const);

let api: TestApi;
let workspaceId: string;
beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace();
});
afterAll(async () => api.close());

describe('the examples of GraphiQL', () => {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));

  it.each(named)('%s is valid against the schema', (_, { query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  });

  it.each(named.filter(([name]) => name.startsWith('query')))('%s is answered', async (_, { query, variables }) => {
    const gql = api.as(workspaceId, 'viewer');
    expect(Object.keys(await gql(query, variables ? (JSON.parse(variables) as object) : {}))).toHaveLength(1);
  });
});

describe.runIf(hasBrowser())('GraphiQL in a browser', () => {
  let page: BrowserPage;

  beforeEach(async () => {
    page = await BrowserPage.open();
    await page.goto(`${api.url}/#token=${await api.token(workspaceId)}`);
    // Before its editors stand, GraphiQL drops a press of the button without a word.
    await page.shows('.graphiql-query-editor .view-lines', /tasks\(first/);
    await page.shows('.result-window .view-lines', /^\s*$/);
  });
  afterEach(async () => page.close());

  it('answers the example at the press of the button, and asks nobody but this server', async () => {
    await page.press('.graphiql-execute-button');
    const answer = await page.shows('.result-window .view-lines', /endCursor/);
    expect(JSON.parse(answer)).toEqual({
      data: { tasks: { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } },
    });
    expect(page.errors).toEqual([]);
    expect(page.requests).toContain(`${api.url}/graphql`);
    expect(page.requests.filter((url) => !url.startsWith(`${api.url}/`) && !/^(data|blob):/.test(url))).toEqual([]);
  }, 90_000);

  it('follows the example subscription over its own socket', async () => {
    const gql = api.as(workspaceId);
    const { createProject } = await gql(
      `mutation { createProject(input: { key: "WEB", name: "Web" }) { project { id } } }`,
    );
    const add = `mutation Add($projectId: UUID!) { createTask(input: { projectId: $projectId, title: "Seen" }) { version } }`;
    await page.press('.graphiql-tab:nth-child(4) button');
    // GraphiQL reads an operation's kind a moment after its tab is chosen, together with storing it.
    await vi.waitUntil(
      async () => /^subscription/m.test(String(await page.evaluate("localStorage.getItem('graphiql:query')"))),
      { timeout: 30_000, interval: 50 },
    );
    await page.press('.graphiql-execute-button');
    await vi.waitUntil(
      async () => {
        // It tells of what happens from now on, and nothing says when that has begun.
        await gql(add, { projectId: createProject.project.id });
        return /"eventType": "work.TaskCreated"/.test((await page.text('.result-window .view-lines')) ?? '');
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(page.requests).toContain(`${api.url.replace('http', 'ws')}/graphql`);
    expect(page.errors).toEqual([]);
  }, 90_000);
});
