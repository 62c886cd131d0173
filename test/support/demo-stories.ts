/** A part of the demo's data, for tests that need something of everything. */
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { contextOf, type Story } from '../../src/cli/demo/story.js';
import { chapters } from '../../src/cli/demo/tell.js';
import { WriteSideModule } from '../../src/write-side.module.js';

/** As the demo tells them. */
const AT_ONCE = 64;

/** The first stories of every kind: people, presence, tasks, sales, syncs. What a chapter tells needs the chapters before it. */
export function someOfTheDemo(ofEachKind: number): readonly (readonly Story[])[] {
  return chapters.map((chapter) => {
    const told = new Map<string, number>();
    return chapter.filter(({ key }) => {
      const kind = key.slice(0, key.indexOf('/'));
      told.set(kind, (told.get(kind) ?? 0) + 1);
      return (told.get(kind) ?? 0) <= ofEachKind;
    });
  });
}

export interface Teller {
  tell(stories: readonly Story[]): Promise<void>;
  close(): Promise<void>;
}

/** Writes into this store, through the commands. */
export async function openTeller(store: EventStoreDbAdapter): Promise<Teller> {
  const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
  const bus = app.get(CommandBus);
  const tellOne = async (story: Story): Promise<void> => {
    for (const [index, step] of story.steps.entries()) await bus.execute(step.make(contextOf(story, index, step)));
  };
  return {
    tell: async (stories) => {
      for (let at = 0; at < stories.length; at += AT_ONCE) {
        await Promise.all(stories.slice(at, at + AT_ONCE).map(tellOne));
      }
    },
    close: async () => app.close(),
  };
}
