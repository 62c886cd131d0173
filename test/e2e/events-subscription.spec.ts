/** What integrators get over GraphQL: every event once, in order, whatever happens to their connection. */
import { v7 } from 'uuid';
import type { Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { formatPosition } from '../../src/domain/shared/position.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';
import { logOf } from '../support/log-of.js';

interface Told {
  readonly cursor: string;
  readonly eventType: string;
  readonly event: {
    readonly position: string;
    readonly thingId: string;
    readonly data: unknown;
    readonly source: unknown;
  };
}

const SUBSCRIPTION = `subscription ($types: [String!], $thingId: UUID, $category: String, $actorId: String,
    $correlationId: UUID, $after: Position) {
  events(types: $types, thingId: $thingId, category: $category, actorId: $actorId, correlationId: $correlationId,
    after: $after) { cursor eventType event { position thingId data source } } }`;

let api: TestApi;
let store: EventStoreDbAdapter;
const workspaceId = v7();
const strangerId = v7();
let owner: Gql;
let stranger: Gql;

beforeAll(async () => {
  api = await startTestApi();
  store = new EventStoreDbAdapter(api.eventstoreUrl, allEvents);
  await api.createWorkspace(workspaceId);
  await api.createWorkspace(strangerId);
  owner = api.as(workspaceId, 'owner');
  stranger = api.as(strangerId, 'owner', 'eve');
}, 120_000);
afterAll(async () => {
  await store.dispose();
  await api.close();
});

async function createLabel(gql: Gql, name: string): Promise<{ id: string; position: string }> {
  const query = `mutation ($name: String!) { createLabel(input: { name: $name, color: "#112233" }) {
    label { id } position userErrors { message } } }`;
  const { createLabel: made } = await gql(query, { name });
  if (!made.label) throw new Error(JSON.stringify(made.userErrors));
  return { id: made.label.id, position: made.position };
}

const newClient = async (workspace = workspaceId, role: 'owner' | 'member' = 'owner'): Promise<Client> =>
  api.subscriber(await api.token(workspace, role));

/** What comes up to the event at a position, or the first `count`. Then the socket is cut, without a goodbye. */
async function follow(
  client: Client,
  variables: object,
  until: { position?: string; count?: number },
): Promise<Told[]> {
  const told: Told[] = [];
  for await (const { data, errors } of client.iterate<{ events: Told }>({
    query: SUBSCRIPTION,
    variables: { ...variables },
  })) {
    if (errors || !data) throw new Error(JSON.stringify(errors));
    told.push(data.events);
    if (told.length === until.count || data.events.cursor === until.position) break;
  }
  client.terminate();
  return told;
}

const positionsOf = (events: readonly RecordedEvent[]): string[] =>
  events.map(({ position }) => formatPosition(position));

describe('the subscription `events`', () => {
  it('tells of every event of the workspace exactly once, though the connection breaks again and again while others write', async () => {
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let n = 0; n < 40; n++) await createLabel(n % 4 === 3 ? stranger : owner, `label ${writer}-${n}`);
    });
    const told: Told[] = [];
    // Cut off after 1, 2, 3 … events, so that it falls into catching up as well as into live ones.
    for (let round = 1; round <= 12; round++) {
      const after = told.at(-1)?.cursor ?? '0/0';
      told.push(...(await follow(await newClient(), { after }, { count: round })));
    }
    await Promise.all(writers);
    const { position } = await createLabel(owner, 'the last one');
    told.push(...(await follow(await newClient(), { after: told.at(-1)?.cursor }, { position })));

    const events = await logOf(store, workspaceId);
    expect(events.length).toBeGreaterThan(120);
    expect(told.map(({ cursor }) => cursor)).toEqual(positionsOf(events));
    expect(told.map(({ event }) => event.position)).toEqual(told.map(({ cursor }) => cursor));
    expect(told.map(({ event }) => event.data)).toEqual(events.map(({ data }) => data));
  });

  it('is filtered by types in full and by their beginning, thing, kind, actor and correlation, past and live', async () => {
    const mine = api.as(workspaceId, 'owner', 'zoe');
    const { id } = await createLabel(mine, 'wanted');
    await mine(`mutation { changeLabel(input: { labelId: "${id}", name: "renamed" }) { version } }`);
    const events = await logOf(store, workspaceId);
    const [created, changed] = events.filter(({ streamName }) => streamName === `label-${id}`);
    if (!created || !changed) throw new Error('the label is not in the log');

    const filters: [object, (event: RecordedEvent) => boolean][] = [
      [{ types: ['work.LabelChanged'] }, ({ type }) => type === 'work.LabelChanged'],
      [{ types: ['work.*'] }, ({ type }) => type.startsWith('work.')],
      [{ types: ['workspaces.*', 'work.LabelCh*'] }, ({ type }) => /^workspaces\.|^work\.LabelCh/.test(type)],
      [{ thingId: id }, ({ streamName }) => streamName.endsWith(id)],
      [{ category: 'workspace' }, ({ streamName }) => streamName.startsWith('workspace-')],
      [{ actorId: 'zoe' }, ({ metadata }) => metadata.actor.id === 'zoe'],
      [{ correlationId: created.metadata.$correlationId }, ({ metadata }) => metadata.$correlationId === created.metadata.$correlationId],
      [{ actorId: 'zoe', types: ['work.LabelCreated'], thingId: id }, ({ id: eventId }) => eventId === created.id],
    ]; // prettier-ignore
    for (const [filter, matches] of filters) {
      const expected = positionsOf(events.filter(matches));
      const told = await follow(await newClient(), { ...filter, after: '0/0' }, { count: expected.length });
      expect(told.map(({ cursor }) => cursor)).toEqual(expected);
    }

    // Live: of what is written now, only what matches comes.
    const client = await newClient();
    const live = follow(client, { thingId: id, actorId: 'zoe', after: formatPosition(changed.position) }, { count: 1 });
    await createLabel(mine, 'not this one');
    const deleted = await mine(`mutation { deleteLabel(input: { labelId: "${id}" }) { position } }`);
    expect((await live).map(({ cursor }) => cursor)).toEqual([deleted.deleteLabel.position]);
  });

  it('refuses types that do not exist, instead of waiting for them', async () => {
    for (const types of [['work.LabelCreate'], ['nonsense.*'], [], Array.from({ length: 101 }, () => 'work.*')])
      await expect(follow(await newClient(), { types }, { count: 1 })).rejects.toThrow(/BAD_USER_INPUT/);
  });

  it("tells nobody of another workspace's events, whatever they ask for", async () => {
    const { id } = await createLabel(owner, 'secret');
    const secret = (await logOf(store, workspaceId)).find(({ streamName }) => streamName === `label-${id}`);
    const { position } = await createLabel(stranger, 'the end');
    const own = positionsOf(await logOf(store, strangerId));
    const all = await follow(await newClient(strangerId), { after: '0/0' }, { position });
    expect(all.map(({ cursor }) => cursor)).toEqual(own);
    const asked = [
      { thingId: id },
      { correlationId: secret?.metadata.$correlationId },
      { category: 'label', actorId: 'ann' },
    ];
    for (const filter of asked) {
      // The stranger's own events are of the actor `eve`, so the only answer could be the other workspace's.
      const client = await newClient(strangerId);
      const answers = client.iterate({ query: SUBSCRIPTION, variables: { ...filter, after: '0/0' } });
      const first = answers.next();
      // Proof that it listens: the same connection is told of its own workspace's event, which comes behind all of those.
      const next = await createLabel(stranger, `proof ${v7()}`);
      await follow(await newClient(strangerId), { after: own.at(-1) }, { position: next.position });
      client.terminate();
      const ended = await first.then(String, (closed: unknown) => closed);
      expect(ended).toMatchObject({ code: 4499 });
    }
  });

  it('gives what people entered to managers and above only', async () => {
    const [told] = await follow(await newClient(workspaceId, 'member'), { after: '0/0' }, { count: 1 });
    expect(told?.event).toMatchObject({ data: null, source: null });
  });
});
