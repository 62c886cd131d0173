import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { chapters, countSteps, tell } from '../../src/cli/demo/tell.js';
import type { LogPosition } from '../../src/domain/shared/recorded-event.js';
import { WriteSideModule } from '../../src/write-side.module.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';

describe('the demo', () => {
  let server: TestEventStore;
  let first: LogPosition | undefined;
  let told = 0;
  const signal = new AbortController().signal;

  /** In a process of its own as far as the write side can tell: no cache is shared. */
  async function tellOnce(): Promise<LogPosition | undefined> {
    const store = new EventStoreDbAdapter(server.connectionString, allEvents);
    const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
    const count = { advance: (steps: number) => (told += steps), finish: () => undefined, abandon: () => undefined };
    try {
      await tell(app.get(CommandBus), count, signal);
      return await store.head();
    } finally {
      await app.close();
      await store.dispose();
    }
  }

  beforeAll(async () => {
    server = await startTestEventStore();
    first = await tellOnce();
    told = 0;
  }, 120_000);
  afterAll(async () => server.close());

  it('is a year of a company: sales, presence, tasks, runs', () => {
    const keys = chapters.flat().map((story) => story.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => key.startsWith('sale/'))).toHaveLength(5_000);
    expect(keys.filter((key) => key.startsWith('day/')).length).toBeGreaterThan(5_000);
    expect(keys.filter((key) => key.startsWith('task/'))).toHaveLength(600);
  });

  it('adds nothing when it is told again', async () => {
    expect(await tellOnce()).toEqual(first);
    expect(told).toBe(countSteps());
  }, 120_000);
});
