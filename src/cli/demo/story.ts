/** What the demo is made of: stories, each a few commands that people would have sent one after the other. */
import type { Command } from '@nestjs/cqrs';
import type { CommandContext, CommandResult } from '../../commands/shared/command.js';
import { deriveId } from '../../domain/shared/ids.js';
import type { Actor } from '../../domain/shared/metadata.js';

export interface Step {
  /** When it happened. */
  readonly at: string;
  readonly by: Actor;
  readonly make: (context: CommandContext) => Command<CommandResult<unknown>>;
}

/** Steps of one story go in order; stories have nothing to do with each other. */
export interface Story {
  /** Unique; the ids of its commands come from it, so that telling it again changes nothing. */
  readonly key: string;
  readonly steps: readonly Step[];
}

/** The workspace of the demo. */
export const DEMO_WORKSPACE = deriveId('demo', 'workspace');

export const contextOf = (story: Story, index: number, step: Step): CommandContext => {
  const commandId = deriveId('demo', story.key, index);
  return {
    workspaceId: DEMO_WORKSPACE,
    actor: step.by,
    commandId,
    correlationId: deriveId('demo', story.key),
    occurredAt: step.at,
  };
};

/** The id that a command without one gives to what it creates. */
export const createdId = (kind: string, storyKey: string, index = 0): string =>
  deriveId(kind, DEMO_WORKSPACE, deriveId('demo', storyKey, index));
