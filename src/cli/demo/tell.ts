/** Tells the stories of the demo to the write side, many at a time, each in its own order. */
import type { CommandBus } from '@nestjs/cqrs';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { comparePositions } from '../../domain/shared/position.js';
import { CliError } from '../failure.js';
import type { Progress } from '../progress.js';
import { attendanceStories } from './attendance.js';
import { peopleStories, workspaceStory } from './company.js';
import { salesStories } from './sales.js';
import { contextOf, type Story } from './story.js';
import { integrationStory, runStories } from './sync.js';
import { projectStories, taskStories } from './work.js';

/** Stories told at once: enough for the event store to commit in big groups. */
const AT_ONCE = 256;

/** In this order, because the later ones speak of what the earlier ones make. */
export const chapters: readonly (readonly Story[])[] = [
  [workspaceStory],
  [...peopleStories, ...projectStories, integrationStory],
  [...attendanceStories, ...taskStories, ...salesStories, ...runStories],
];

export const countSteps = (): number => chapters.flat().reduce((sum, story) => sum + story.steps.length, 0);

/**
 * Telling it again changes nothing.
 * @returns the last position, which the read models have to reach
 * @throws CliError when a command is refused: the demo itself is wrong then, or somebody has changed its workspace
 */
export async function tell(bus: CommandBus, progress: Progress, signal: AbortSignal): Promise<LogPosition | undefined> {
  let position: LogPosition | undefined;
  const tellOne = async (story: Story): Promise<void> => {
    for (const [index, step] of story.steps.entries()) {
      signal.throwIfAborted();
      const result = await bus.execute(step.make(contextOf(story, index, step)));
      if (!('accepted' in result)) {
        throw new CliError(`the demo's ${story.key} was refused: ${result.message}`, 'start with an empty TEAMPULSE_DATA folder'); // prettier-ignore
      }
      if (!position || comparePositions(result.position, position) > 0) position = result.position;
      progress.advance(1);
    }
  };
  for (const chapter of chapters) await eachOf(chapter, tellOne);
  return position;
}

/** One shared iterator: whoever is free takes the next. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const next = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of next) await work(item);
    }),
  );
}
