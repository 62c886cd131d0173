import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { createTestWorkspace } from '../support/real-data.js';
import { TeampulseProcess, teampulse } from '../support/teampulse-process.js';

const LINES = 12_000;

/** Sales of four lines each, some documents met again later, some rows that can't be read. */
function salesCsv(): string {
  const rows = ['Invoice,Date,SKU,Product,Qty,Price,Customer'];
  for (let line = 0; line < LINES; line += 1) {
    const document = line % 4_999 === 4_998 ? 7 : Math.floor(line / 4);
    const price = line % 1_003 === 1_002 ? 'free' : `${line % 90}.${String(line % 100).padStart(2, '0')}`;
    rows.push(
      `D${document},2024-01-${String((document % 28) + 1).padStart(2, '0')} 10:00:00,P${line % 37},Thing ${line % 37},${(line % 5) + 1},${price},`,
    );
  }
  return `${rows.join('\n')}\n`;
}

/** All that the log holds of the data, by stream; of runs only what must not depend on interruptions. */
async function contentOf(eventstoreUrl: string): Promise<Map<string, unknown[]>> {
  const log = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  const streams = new Map<string, unknown[]>();
  const stop = new AbortController();
  try {
    const head = await log.head();
    for await (const items of log.subscribe({
      signal: stop.signal,
      typePrefixes: ['sales.', 'sync.RecordsRejected', 'sync.RunCompleted'],
    })) {
      for (const item of items) {
        if (item.kind === 'event') {
          const { id, type, data, metadata, streamName } = item.event;
          const content =
            type === 'sync.RunCompleted'
              ? { type }
              : type.startsWith('sync.')
                ? { type, data }
                : { id, type, data, occurredAt: metadata.occurredAt };
          streams.set(streamName, [...(streams.get(streamName) ?? []), content]);
        }
        if (item.kind === 'caughtUp' || (item.kind === 'event' && item.event.position.commit === head?.commit))
          stop.abort();
      }
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await log.dispose();
  }
  return streams;
}

describe('an import that is killed', () => {
  const workspaceId = randomUUID();
  const servers: TestEventStore[] = [];
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'import-kill-'));
    file = join(folder, 'sales.csv');
    writeFileSync(file, salesCsv());
    for (let index = 0; index < 2; index += 1) {
      const server = await startTestEventStore();
      servers.push(server);
      await createTestWorkspace(server.connectionString, workspaceId, { currency: 'EUR' });
    }
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) await server.close();
    rmSync(folder, { recursive: true });
  });

  it('goes on behind its cursor and ends as if it had never been', async () => {
    const args = (name: string): string[] => [
      'import',
      'sales',
      file,
      '--workspace',
      workspaceId,
      '--rejects',
      join(folder, name),
      '--json',
    ];
    const [calm, rough] = servers.map(({ connectionString }) => connectionString);
    const whole = await teampulse(args('calm.csv'), { EVENTSTORE_URL: calm ?? '' });
    expect(whole).toMatchObject({ code: 4 });

    let kills = 0;
    let ended = { code: null as number | null, stdout: '' };
    while (ended.code === null && kills < 20) {
      const attempt = new TeampulseProcess(args('rough.csv'), { EVENTSTORE_URL: rough ?? '' });
      // Later each time, so that the import ends in the end; anywhere in its work before.
      const patience = delay(1_500 + Math.random() * 1_500 + kills * 700);
      await Promise.race([attempt.ended, patience]);
      if (attempt.child.exitCode === null) kills += 1;
      ended = await attempt.stop('SIGKILL');
    }
    expect(kills).toBeGreaterThan(0);
    expect(ended.code).toBe(4);
    const calmContent = await contentOf(calm ?? '');
    const roughContent = await contentOf(rough ?? '');
    expect(roughContent.size).toBeGreaterThan(2_900);
    expect([...roughContent.keys()].toSorted()).toEqual([...calmContent.keys()].toSorted());
    for (const [stream, events] of calmContent) expect(roughContent.get(stream), stream).toEqual(events);
    expect(readFileSync(join(folder, 'rough.csv'), 'utf8')).toBe(readFileSync(join(folder, 'calm.csv'), 'utf8'));

    const again = await teampulse(args('again.csv'), { EVENTSTORE_URL: rough ?? '' });
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'known' });
    expect((await contentOf(rough ?? '')).size).toBe(roughContent.size);
  }, 240_000);
});
