/**
 * Commands sent from the command line: the write side over an event store, for as long as some work takes. It takes half a second
 * to load, so whoever needs it loads it when the work begins, not for its --help or to refuse an option.
 */
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventStoreDbAdapter } from '../adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../capabilities.js';
import type { EventStore } from '../commands/ports/event-store.port.js';
import { WriteSideModule } from '../write-side.module.js';

export async function withWriteSide<T>(
  eventstoreUrl: string,
  work: (app: INestApplicationContext, store: EventStore) => Promise<T>,
): Promise<T> {
  const store = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  try {
    const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: ['error'], abortOnError: false }); // prettier-ignore
    try {
      return await work(app, store);
    } finally {
      await app.close();
    }
  } finally {
    await store.dispose();
  }
}
