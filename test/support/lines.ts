/** A projection that writes down, in order, what it was given: whatever is lost, doubled or overtakes shows in its rows. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { defineEntity, type Projection } from '../../src/projections/engine/projection.js';

export const written = defineEvent('page.Written', z.object({ page: z.string(), line: z.string() }));

type Page = { readonly page: string; readonly lines: readonly string[]; readonly size: number };

/**
 * Several streams may write on one page.
 * @param refuse called for each event before it is applied; throws what the projection is to fail with
 */
export const pages = (refuse: (event: RecordedEvent) => void, version = 1): Projection =>
  defineEntity<Page>()({
    name: 'pages',
    version,
    events: [written] as const,
    table: { name: 'pages', columns: { page: 'text', lines: 'json', size: 'int' }, key: ['page'] },
    key: ({ data }) => ({ page: data.page }),
    evolve: (page, event) => {
      refuse(event);
      const { data } = event;
      const lines = [...(page?.lines ?? []), data.line];
      // A line of this kind makes a row that Postgres does not take.
      return { page: data.page, lines, size: data.line.startsWith('huge') ? 2 ** 40 : lines.length };
    },
    rollups: [
      {
        name: 'pages_total',
        columns: { all: 'text', lines: 'bigint' },
        key: ['all'],
        measures: ['lines'],
        contributions: ({ lines }) => [{ all: 'all', lines: BigInt(lines.length) }],
      },
    ],
  });

export const workspaceId = '00000000-0000-4000-8000-000000000001';

/** Makes events: positions go up with each, revisions with each of a stream. */
export class Writer {
  #next = 0;
  readonly #revisions = new Map<string, number>();

  write(stream: string, page: string, line: string, type: string = written.type): RecordedEvent {
    this.#next += 10;
    const revision = this.#revisions.get(stream) ?? 0;
    this.#revisions.set(stream, revision + 1);
    const commandId = randomUUID();
    return {
      id: randomUUID(),
      streamName: `page-${stream}`,
      revision,
      position: { commit: BigInt(this.#next), prepare: BigInt(this.#next) },
      type,
      data: { page, line },
      recordedAt: '2026-03-01T10:00:00.000Z',
      metadata: {
        workspaceId,
        actor: { kind: 'system', id: 'test' },
        commandId,
        $correlationId: commandId,
        $causationId: commandId,
        schemaVersion: 1,
        occurredAt: '2026-03-01T10:00:00.000Z',
      },
    };
  }
}
