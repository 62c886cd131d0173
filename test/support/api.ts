/** The whole product in this process, for end-to-end tests: event store, projections and API over real gRPC, Postgres and HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from 'graphql-ws';
import { v7 } from 'uuid';
import { WebSocket } from 'ws';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { createLogger } from '../../src/adapters/logging/logger.js';
import { PrometheusApiMetrics } from '../../src/adapters/metrics/prometheus-api-metrics.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import type { ReplicaState } from '../../src/adapters/postgres/read-replica.js';
import { ReplicatedReadDatabase } from '../../src/adapters/postgres/replicated-reads.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { loadSigningKey } from '../../src/adapters/tokens/signing-key.js';
import { TokenService } from '../../src/adapters/tokens/token-service.js';
import type { Role } from '../../src/api/shared/request-context.js';
import { createApi } from '../../src/app.module.js';
import { allEvents, allProjections } from '../../src/capabilities.js';
import type { CreateWorkspace } from '../../src/commands/workspaces/create-workspace.command.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { ControlRoom } from '../../src/projections/engine/control-room.js';
import { controlOver } from '../../src/main.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { startTestEventStore } from './event-store.js';
import type { PostgresWithStandby } from './standby.js';
import { createTestWorkspace } from './workspace.js';

/** Sends an operation and gives its data; throws the errors as JSON when there are any. */
// oxlint-disable-next-line typescript/no-explicit-any -- the shape of the answer is the query's, which the test wrote
export type Gql = (query: string, variables?: object) => Promise<any>;

export interface Answer {
  readonly status: number;
  readonly requestId: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly body: any;
}

export interface TestApi {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly eventstoreUrl: string;
  readonly database: TestDatabase;
  /** The SQL of every read, of those that the primary was asked, since the test emptied it. */
  readonly statements: string[];
  readonly tokens: TokenService;
  /** Makes a workspace; a new id unless given. */
  createWorkspace(id?: string, settings?: CreateWorkspace['input']['settings']): Promise<string>;
  token(workspaceId: string, role?: Role, subject?: string): Promise<string>;
  /** One caller. */
  as(workspaceId: string, role?: Role, subject?: string): Gql;
  /** The answer as it is, errors and all. */
  send(token: string | undefined, query: string, variables?: object): Promise<Answer>;
  /** A WebSocket client; disposed by `close`. */
  subscriber(token: string): Client;
  close(): Promise<void>;
}

class CountingReadDatabase extends PostgresReadDatabase {
  readonly statements: string[] = [];

  override query<Row extends object>(
    workspaceId: string,
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]> {
    this.statements.push(sql);
    return super.query<Row>(workspaceId, sql, parameters);
  }
}

interface TestApiOptions {
  /** Read models on this server instead of the run's, and queries from its standby. */
  readonly standby?: PostgresWithStandby;
  /** Is told when queries begin and cease to go to the standby. */
  readonly report?: (state: ReplicaState) => void;
}

/** `const api = await startTestApi()` in beforeAll, `await api.close()` in afterAll. */
export async function startTestApi({ standby, report = () => undefined }: TestApiOptions = {}): Promise<TestApi> {
  const [server, database, folder] = await Promise.all([
    startTestEventStore(),
    createTestDatabase(standby?.primaryUrl),
    mkdtemp(join(tmpdir(), 'teampulse-api-')),
  ]);
  const store = new EventStoreDbAdapter(server.connectionString, allEvents);
  // The reader of projections on its own connection, as in its own process.
  const log = new EventStoreDbAdapter(server.connectionString, allEvents);
  const writeDatabase = new PostgresWriteDatabase(database.url);
  const worker = new ProjectionWorker({ log, database: writeDatabase, projections: allProjections });
  await worker.start();
  const readDatabase = new CountingReadDatabase(database.apiUrl);
  const reads = standby ? new ReplicatedReadDatabase(readDatabase, standby.onStandby(database.apiUrl), report) : readDatabase; // prettier-ignore
  const control = controlOver(database.apiUrl);
  const tokens = new TokenService(await loadSigningKey(folder));
  const logger = createLogger({ name: 'api', level: 'silent' });
  const app = await createApi(
    {
      store,
      log: store,
      database: reads,
      tokens,
      control: new ControlRoom({ database: control, log: store, projections: allProjections }),
      metrics: new PrometheusApiMetrics(),
    },
    logger,
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = await app.getUrl();
  const clients: Client[] = [];

  const token = (workspaceId: string, role: Role = 'owner', subject = 'ann'): Promise<string> =>
    tokens.create({ workspaceId, role, subject }, 3_600);
  const send = async (bearer: string | undefined, query: string, variables: object = {}): Promise<Answer> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, requestId: response.headers.get('x-request-id'), body: await response.json() };
  };
  return {
    url,
    eventstoreUrl: server.connectionString,
    database,
    statements: readDatabase.statements,
    tokens,
    token,
    send,
    async createWorkspace(id = v7(), settings = {}) {
      await createTestWorkspace(server.connectionString, id, settings);
      return id;
    },
    as(workspaceId, role, subject) {
      const bearer = token(workspaceId, role, subject);
      return async (query, variables) => {
        const { body } = await send(await bearer, query, variables);
        if (body.errors) throw new Error(JSON.stringify(body.errors));
        return body.data;
      };
    },
    subscriber(bearer) {
      const client = createClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${bearer}` },
        retryAttempts: 0,
      });
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map(async (client) => client.dispose()));
      await app.close();
      await worker.stop();
      await Promise.all([reads.close(), control.close(), writeDatabase.close(), store.dispose(), log.dispose()]);
      await Promise.all([database.drop(), server.close(), rm(folder, { recursive: true, force: true })]);
    },
  };
}

/** The next answers of a subscription, in order. Ends the iteration when it has them. */
export async function take(
  answers: ReturnType<Client['iterate']>,
  count: number,
): Promise<{ readonly data?: unknown; readonly errors?: unknown }[]> {
  const taken = [];
  while (taken.length < count) {
    const { done, value } = await answers.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
