/** Where subscriptions end: a reader that does not read, a token that runs out, the wall between workspaces. */
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApi, take, type Gql, type TestApi } from '../support/api.js';

let api: TestApi;
let workspaceId: string;
let ann: Gql;
let projectId: string;

/** The project's description, in every answer ten times: half a megabyte. */
const DESCRIPTION = 'x'.repeat(50_000);
const CREATE_TASK = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } position userErrors { message } } }`;
const CREATE_PROJECT = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } position userErrors { message } } }`;

async function newProject(gql: Gql, key: string): Promise<string> {
  const { createProject } = await gql(CREATE_PROJECT, { input: { key, name: key, description: DESCRIPTION } });
  expect(createProject.userErrors).toEqual([]);
  return createProject.project.id;
}

/** Creates so many tasks, some at a time; returns the position of the last. */
async function newTasks(gql: Gql, project: string, count: number): Promise<string[]> {
  let next = 0;
  const titles: string[] = [];
  const create = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const title = `Task ${v7()}`;
      const { createTask } = await gql(CREATE_TASK, { input: { projectId: project, title } });
      expect(createTask.userErrors).toEqual([]);
      titles.push(title);
    }
  };
  await Promise.all(Array.from({ length: 32 }, create));
  return titles;
}

beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace();
  ann = api.as(workspaceId);
  projectId = await newProject(ann, 'SLOW');
}, 60_000);
afterAll(() => api.close());

interface Message {
  readonly type: string;
  readonly payload?: {
    readonly data?: { readonly taskChanged: { readonly cursor: string; readonly task: { readonly title: string } } };
    readonly errors?: readonly { readonly extensions: Record<string, unknown> }[];
  };
}

/** A client that speaks the protocol by itself, so that it can stop reading. */
function subscribeByHand(
  token: string,
  query: string,
): { readonly socket: WebSocket; readonly messages: Message[]; until(type: string): Promise<void> } {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const messages: Message[] = [];
  const heard = new Set<() => void>();
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
  );
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    messages.push(message);
    if (message.type === 'connection_ack')
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
    if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong' }));
    for (const wake of heard) wake();
  });
  const until = async (type: string): Promise<void> => {
    while (!messages.some((message) => message.type === type)) {
      await new Promise<void>((resolve) => heard.add(resolve));
    }
  };
  return { socket, messages, until };
}

describe('a subscriber that does not read', () => {
  const COUNT = 1_150;

  it('is ended with its cursor while memory stays bounded, and continues from there without a gap', async () => {
    const aliases = Array.from({ length: 10 }, (_, n) => `d${n}: description`).join(' ');
    const query = `subscription { taskChanged { cursor task { title project { ${aliases} } } } }`;
    const reader = subscribeByHand(await api.token(workspaceId), query);
    await reader.until('connection_ack');
    // Until it hears of one, it may not have joined yet.
    const before: string[] = [];
    while (!reader.messages.some(({ type }) => type === 'next')) before.push(...(await newTasks(ann, projectId, 1)));
    reader.socket.pause();

    const memory = process.memoryUsage().rss;
    const written = [...before, ...(await newTasks(ann, projectId, COUNT))];
    const { position } = (await ann(CREATE_TASK, { input: { projectId, title: 'The last one' } })).createTask;
    await ann('query ($p: Position) { tasks(first: 1, minPosition: $p) { nodes { id } } }', { p: position });
    // More than half a gigabyte of answers is waited for by nobody.
    expect(process.memoryUsage().rss - memory).toBeLessThan(250_000_000);

    reader.socket.resume();
    await reader.until('complete');
    const answers = reader.messages.filter(({ type }) => type === 'next').map(({ payload }) => payload);
    const seen = answers.flatMap((payload) => (payload?.data ? [payload.data.taskChanged] : []));
    expect(seen.length).toBeLessThan(COUNT / 2);
    const cursor = seen.at(-1)?.cursor;
    expect(answers.at(-1)?.errors).toMatchObject([{ extensions: { code: 'SUBSCRIBER_TOO_SLOW', cursor } }]);
    // The connection itself lives: others on it go on.
    expect(reader.socket.readyState).toBe(WebSocket.OPEN);
    reader.socket.close();

    const rest = api.subscriber(await api.token(workspaceId)).iterate({
      query: 'subscription ($after: Position) { taskChanged(after: $after) { task { title } } }',
      variables: { after: cursor },
    });
    const all = new Set(seen.map(({ task }) => task.title));
    while (!all.has('The last one')) {
      const [answer] = await take(rest, 1);
      if (!answer) throw new Error(`it ended before the last one: ${JSON.stringify(answer)}`);
      const { title } = (answer.data as { taskChanged: { task: { title: string } } }).taskChanged.task;
      expect(all.has(title)).toBe(false);
      all.add(title);
    }
    await rest.return?.();
    expect(written.filter((title) => !all.has(title)).length).toBeLessThanOrEqual(before.length - 1);
  }, 60_000);
});

describe('a subscription', () => {
  const query = 'subscription ($p: UUID) { taskChanged(projectId: $p) { task { title } } }';

  it('ends with its token, and is told why', async () => {
    const token = await api.tokens.create({ workspaceId, subject: 'ann', role: 'owner' }, 2);
    const client = api.subscriber(token);
    const closed = new Promise((resolve) => client.on('closed', resolve));
    await expect(take(client.iterate({ query }), 1)).rejects.toBeDefined();
    expect(await closed).toMatchObject({ code: 4403, reason: 'The token has expired' });
  });

  it('to a thing of another workspace hears nothing, as to one that does not exist', async () => {
    const other = await api.createWorkspace();
    const stranger = api.as(other);
    const own = await newProject(stranger, 'OWN');
    const client = api.subscriber(await api.token(other));
    const foreign = client.iterate<{ taskChanged: object }>({ query, variables: { p: projectId } });
    const nobodys = client.iterate<{ taskChanged: object }>({ query, variables: { p: v7() } });
    const mine = client.iterate<{ taskChanged: object }>({ query, variables: { p: own } });
    const heard: string[] = [];
    void foreign.next().then(() => heard.push('foreign'));
    void nobodys.next().then(() => heard.push('nobodys'));
    // In one connection answers keep their order: what the others hear would come before.
    void mine.next().then(() => heard.push('mine'));
    while (heard.length === 0) {
      await newTasks(ann, projectId, 1);
      await newTasks(stranger, own, 1);
    }
    await newTasks(ann, projectId, 1);
    await newTasks(stranger, own, 1);
    await mine.next();
    expect(heard).toEqual(['mine']);
    await Promise.all([foreign.return?.(), nobodys.return?.(), mine.return?.()]);
  });
});
