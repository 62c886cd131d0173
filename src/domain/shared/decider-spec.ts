/**
 * The language that decider tests are written in: given what was, when this is asked, then that happens.
 *
 * ```ts
 * const task = deciderSpec(taskDecider);
 * it('closes a task', () => {
 *   task.given([created]).when(close).then([closed]);
 *   task.given([created]).when(closeTwice).then(rejection('INVALID', ['status']));
 *   task.given([created, closed]).when(close).then(nothing());
 * });
 * ```
 *
 * Every accepted command is asked a second time on the state it led to, and must then give nothing: doing a thing twice is
 * harmless. `.whenOnce(command, reason)` is the way out, for the rare command that by its meaning adds something each time.
 */
import type { Decider } from './decider.js';
import type { DomainEvent } from './event.js';
import { Rejection, type RejectionCode } from './rejection.js';

/** What a refusal must look like. Without `field`, any field will do. */
export interface ExpectedRejection {
  readonly kind: 'rejection';
  readonly code: RejectionCode;
  readonly field?: readonly string[];
}

export const rejection = (code: RejectionCode, field?: readonly string[]): ExpectedRejection =>
  field ? { kind: 'rejection', code, field } : { kind: 'rejection', code };

/** The command asks for what already is so. */
export const nothing = (): readonly never[] => [];

export interface DeciderScenario<State, Event extends DomainEvent> {
  /** Checks the decision, by value and order. Gives the state it leads to, for a closer look. */
  then(expected: readonly Event[] | ExpectedRejection): State;
}

export interface DeciderHistory<State, Command, Event extends DomainEvent> {
  /** The state that the history folds to. */
  readonly state: State;
  when(command: Command): DeciderScenario<State, Event>;
  /** As `when`, without the second asking. The reason stands in the test for the reader. */
  whenOnce(command: Command, reason: string): DeciderScenario<State, Event>;
}

export interface DeciderSpec<State, Command, Event extends DomainEvent> {
  given(history: readonly Event[]): DeciderHistory<State, Command, Event>;
}

export function deciderSpec<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
): DeciderSpec<State, Command, Event> {
  const fold = (state: State, events: readonly Event[]): State => events.reduce(decider.evolve, state);
  return {
    given(history) {
      const state = fold(decider.initialState, history);
      const ask = (command: Command, twice: boolean): DeciderScenario<State, Event> => ({
        // The word of the test language; nobody awaits a scenario.
        // oxlint-disable-next-line unicorn/no-thenable
        then(expected) {
          const decision = decider.decide(command, state);
          if ('kind' in expected) {
            checkRejection(decision, expected);
            return state;
          }
          if (decision instanceof Rejection) fail('the command was refused', asValue(decision), expected);
          if (!same(decision, expected)) fail('other events than expected', decision, expected);
          const after = fold(state, decision);
          const again = twice ? decider.decide(command, after) : [];
          if (again instanceof Rejection) fail('the same command again was refused', asValue(again), []);
          if (again.length > 0) fail('the same command again gave new events', again, []);
          return after;
        },
      });
      return {
        state,
        when: (command) => ask(command, true),
        whenOnce: (command) => ask(command, false),
      };
    },
  };
}

function checkRejection(decision: readonly DomainEvent[] | Rejection, expected: ExpectedRejection): void {
  if (!(decision instanceof Rejection)) fail('the command was accepted', decision, expected);
  const fieldDiffers = expected.field !== undefined && !same(decision.field, expected.field);
  if (decision.code !== expected.code || fieldDiffers) fail('another refusal', asValue(decision), expected);
}

const asValue = ({ code, message, field }: Rejection): object => ({ kind: 'rejection', code, message, field });

/** Events are JSON, so their canonical texts tell whether they are the same. */
const same = (left: unknown, right: unknown): boolean => canonical(left) === canonical(right);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );

/** Test runners show the difference of an error's `actual` and `expected`. */
function fail(message: string, actual: unknown, expected: unknown): never {
  throw Object.assign(new Error(`${message}: ${canonical(actual)}, expected ${canonical(expected)}`), {
    actual,
    expected,
    showDiff: true,
  });
}
