/** A decider: three plain functions. What was, what is asked, and so what happens (Chassaing, "Functional Event Sourcing Decider", 2021). */
import type { DomainEvent } from './event.js';
import type { Rejection } from './rejection.js';

/** The events that follow, none when the command asks for what already is so, or the reason why not. */
export type Decision<Event extends DomainEvent> = readonly Event[] | Rejection;

export interface Decider<State, Command, Event extends DomainEvent> {
  /** The state before the first event. */
  readonly initialState: State;
  /** The state after one more event. Never refuses, never throws on an event that was once legal. Returns a new value. */
  readonly evolve: (state: State, event: Event) => State;
  readonly decide: (command: Command, state: State) => Decision<Event>;
}
