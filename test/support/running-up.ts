/** A whole `teampulse up` from the build, in processes of its own, for tests that break parts of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { readRunning, type Running } from '../../src/adapters/config/running.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { loadSigningKey } from '../../src/adapters/tokens/signing-key.js';
import { TokenService } from '../../src/adapters/tokens/token-service.js';
import type { Role } from '../../src/api/shared/request-context.js';
import { allEvents } from '../../src/capabilities.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { childrenOf, TeampulseProcess } from './teampulse-process.js';

export class RunningUp {
  private constructor(
    readonly folder: string,
    readonly process: TeampulseProcess,
    readonly address: string,
    readonly servers: Running,
  ) {}

  /** Ready when this resolves. `end` it. */
  static async start(folder: string): Promise<RunningUp> {
    const process = new TeampulseProcess(['up'], { TEAMPULSE_DATA: folder, HTTP_PORT: '0' });
    const [, address = ''] = await process.says(/ready at (http:\S+)/);
    const servers = readRunning(folder);
    if (!servers) throw new Error(`there is no note of the running parts in ${folder}`);
    return new RunningUp(folder, process, address, servers);
  }

  async end(): Promise<void> {
    await this.process.stop();
  }

  /** The process ids of all its parts. */
  get parts(): number[] {
    return [...childrenOf(this.process.child.pid ?? 0).keys()];
  }

  /** The process of `api`, `worker` or `eventstore`. */
  part(name: string): number {
    const found = [...childrenOf(this.process.child.pid ?? 0)].find(([, line]) => line.includes(`main.js ${name}`));
    if (!found) throw new Error(`no ${name} is running`);
    return found[0];
  }

  /** Of the Postgres server itself. */
  get postgres(): number {
    const file = join(this.folder, 'postgres', 'cluster', 'postmaster.pid');
    return Number(readFileSync(file, 'utf8').split('\n')[0]);
  }

  async token(workspaceId: string, role: Role = 'owner', seconds = 3_600): Promise<string> {
    const tokens = new TokenService(await loadSigningKey(this.folder));
    return tokens.create({ workspaceId, role, subject: 'ann' }, seconds);
  }

  /** As the owner of the read models, or of the event store's own database. */
  async sql<Row extends object>(text: string, database: 'teampulse' | 'eventstore' = 'teampulse'): Promise<Row[]> {
    const url = new URL(this.servers.databaseUrl);
    url.pathname = `/${database}`;
    const client = new Client({ connectionString: url.href });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Every event that there is. */
  async log(): Promise<RecordedEvent[]> {
    const store = new EventStoreDbAdapter(this.servers.eventstoreUrl, allEvents);
    const stop = new AbortController();
    const events: RecordedEvent[] = [];
    try {
      const head = await store.head();
      for await (const items of store.subscribe({ signal: stop.signal })) {
        for (const item of items) if (item.kind === 'event') events.push(item.event);
        if ((events.at(-1)?.position.commit ?? -1n) >= (head?.commit ?? -1n)) stop.abort();
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      await store.dispose();
    }
    return events;
  }
}
