/** A command as the bus carries it: a checked input and who asks, from where, with which ids. */
import { Command } from '@nestjs/cqrs';
import { z } from 'zod';
import { actorSchema, type Actor } from '../../domain/shared/metadata.js';
import { instantSchema } from '../../domain/shared/time.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Rejection } from '../../domain/shared/rejection.js';

/** Who asks, in which workspace, why. Made at the edge (API, CLI, connector), never from the client's input. */
export const commandContextSchema = z.object({
  workspaceId: z.uuid(),
  actor: actorSchema,
  /** The same id again gives the first outcome and no new event. Made by the edge when the client sent none. */
  commandId: z.uuid(),
  /**
   * Of the input, where a person or a program chose the command id: the same id with another one is refused. Ids that we derive
   * ourselves say already what they are for.
   */
  fingerprint: z.string().min(1).max(64).optional(),
  correlationId: z.uuid(),
  /** What led to this command; the command itself when it stands at the beginning. */
  causationId: z.uuid().optional(),
  /** Business time, when it differs from now: imports set it in the past. */
  occurredAt: instantSchema.optional(),
  source: z
    .object({ ip: z.string().optional(), userAgent: z.string().optional(), runId: z.uuid().optional() })
    .optional(),
});
export type CommandContext = z.infer<typeof commandContextSchema>;

/** What a command led to. `version` is the number of events in the stream: what a client sends back as `expectedVersion`. */
export interface Accepted<State> {
  readonly accepted: true;
  readonly id: string;
  readonly state: State;
  readonly version: number;
  /** Where the log stands after it: the client's `minPosition` for its next query. */
  readonly position: LogPosition;
  /** How many events were written; 0 when all was so already, or when this command had been done before. */
  readonly written: number;
  /** There when this very command had been done before: who changed the thing last, after it; null when nobody did. */
  readonly repeated?: { readonly changedSinceBy: Actor | null };
}

export type CommandResult<State> = Accepted<State> | Rejection;

/** Base of every command: `class CreateTask extends WorkspaceCommand<typeof createTaskInput, TaskState> {}`. */
export abstract class WorkspaceCommand<Input, State> extends Command<CommandResult<State>> {
  constructor(
    readonly input: Input,
    readonly context: CommandContext,
  ) {
    super();
  }
}
