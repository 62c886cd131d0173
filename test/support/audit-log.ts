/** A log of several workspaces for the tests of auditors, and what they need to read it. */
import { v7 } from 'uuid';
import { CheckpointFolder } from '../../src/adapters/audit/checkpoint-folder.js';
import type { EntrySource } from '../../src/adapters/audit/entry.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { connectForTransfer, readWorkspaceEntries } from '../../src/adapters/eventstore/transfer/transfer.js';
import { loadSigningKey, type SigningKey } from '../../src/adapters/tokens/signing-key.js';
import { allEvents } from '../../src/capabilities.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import type { DomainEvent } from '../../src/domain/shared/event.js';
import { memberAdded, memberRenamed } from '../../src/domain/workspaces/member.events.js';
import { startTestEventStore, type TestEventStore } from './event-store.js';

/** What a spreadsheet, a line or a parser may stumble over. */
const NAMES = [
  '=1+1',
  "'quoted",
  'a,"b"',
  'two\nlines',
  'Ångström 日本 🚲',
  '\u2028',
  '-',
  '@x',
  '\t',
  '{"id":1},"data":{}',
];

export class AuditLog {
  private constructor(
    readonly server: TestEventStore,
    readonly store: EventStoreDbAdapter,
    readonly folder: string,
    readonly key: SigningKey,
    private readonly client: ReturnType<typeof connectForTransfer>,
  ) {}

  /** @param folder for the key and the checkpoints */
  static async start(folder: string): Promise<AuditLog> {
    const server = await startTestEventStore();
    const store = new EventStoreDbAdapter(server.connectionString, allEvents);
    const key = await loadSigningKey(folder, undefined, 'audit');
    return new AuditLog(server, store, folder, key, connectForTransfer(server.connectionString));
  }

  async close(): Promise<void> {
    await this.store.dispose();
    await this.client.dispose();
    await this.server.close();
  }

  /** Members of the workspaces in turn, each added and renamed: `streams` × `renames + 1` events for each. */
  async addMembers(workspaces: readonly string[], streams: number, renames = 4): Promise<void> {
    for (let stream = 0; stream < streams; stream++) {
      const appends = workspaces.map((workspaceId) => {
        const name = NAMES[stream % NAMES.length] ?? '';
        const added = memberAdded({ name, email: `${stream}@example.org`, role: 'member' });
        const renamed = Array.from({ length: renames }, (_, index) => memberRenamed({ to: `${name} ${index}` }));
        return this.append(workspaceId, `member-${v7()}`, [added, ...renamed], stream % 2 === 0 ? 'ann' : 'bob');
      });
      await Promise.all(appends);
    }
  }

  async append(workspaceId: string, stream: string, events: readonly DomainEvent[], actor = 'ann'): Promise<void> {
    const commandId = v7();
    const newEvents = events.map(({ type, data }): NewEvent => {
      const metadata = {
        workspaceId,
        actor: { kind: 'user' as const, id: actor },
        commandId,
        $correlationId: commandId,
        $causationId: commandId,
        schemaVersion: 1,
        occurredAt: '2026-03-01T09:00:00.000Z',
      };
      return { id: v7(), type, data, metadata };
    });
    const appended = await this.store.append(stream, newEvents, 'no_stream');
    if (appended.outcome !== 'appended') throw new Error('the stream is there already');
  }

  source(workspaceId: string): EntrySource {
    return (after, until) => readWorkspaceEntries(this.client, workspaceId, after, until);
  }

  checkpoints(workspaceId: string, folder = `${this.folder}/checkpoints`): CheckpointFolder {
    return new CheckpointFolder(folder, workspaceId);
  }

  /** What exports and checkpoints of a workspace take. */
  of(workspaceId: string): { folder: CheckpointFolder; key: SigningKey; source: EntrySource } {
    return { folder: this.checkpoints(workspaceId), key: this.key, source: this.source(workspaceId) };
  }
}
