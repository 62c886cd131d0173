/**
 * The one path of every write: load → decide → append.
 *
 * Given a stream and a decider: loads the stream (from the cache of folded states when it is there), refuses a stream that
 * belongs to another workspace as not found, gives the first outcome again when the command's id is already in the stream,
 * refuses an outdated `expectedVersion`, decides, appends with the revision it saw, and on a conflict loads and decides again.
 */
import type { Decider } from '../../domain/shared/decider.js';
import type { DomainEvent } from '../../domain/shared/event.js';
import type { CommandContext, CommandResult } from './command.js';

export interface DecisionRequest<State, Command, Event extends DomainEvent> {
  /** The stream is `<category>-<id>`, for example `task-0190…`. */
  readonly category: string;
  readonly id: string;
  readonly decider: Decider<State, Command, Event>;
  readonly command: Command;
  readonly context: CommandContext;
  /** The version the client saw. */
  readonly expectedVersion?: number | undefined;
  /** Expect that the stream does not exist, and append without reading; reads only when it turns out to exist. */
  readonly firstWrite?: boolean;
}

export abstract class DecisionRunner {
  abstract run<State, Command, Event extends DomainEvent>(
    request: DecisionRequest<State, Command, Event>,
  ): Promise<CommandResult<State>>;

  /**
   * The folded state of a thing this command only refers to (the project of a new task), at most a second old;
   * undefined when it does not exist in this workspace.
   */
  abstract peek<State, Event extends DomainEvent>(
    category: string,
    id: string,
    decider: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
    context: CommandContext,
  ): Promise<{ readonly state: State; readonly version: number } | undefined>;
}
