/** A mutation is a command: context from the token, input from the client, the result as a payload. */
import { hash } from 'node:crypto';
import type { CommandBus } from '@nestjs/cqrs';
import { v7 } from 'uuid';
import type { Accepted, CommandContext, WorkspaceCommand } from '../../commands/shared/command.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { reject, Rejection, type RejectionCode } from '../../domain/shared/rejection.js';
import { hasRole, type ApiContext, type Role } from './request-context.js';

export interface UserErrorPayload {
  readonly code: RejectionCode;
  readonly message: string;
  readonly field: readonly string[];
  readonly details: Readonly<Record<string, unknown>> | null;
}

/** The thing's fields are spread in: `{ task, position, version, userErrors }`. When refused they are absent, position and version null. */
export interface MutationPayload {
  readonly position: LogPosition | null;
  readonly version: number | null;
  readonly userErrors: readonly UserErrorPayload[];
  readonly [thing: string]: unknown;
}

/** What every mutation's input may carry beside the command's own fields. */
export interface MutationInput {
  readonly commandId?: string | null;
  readonly expectedVersion?: number | null;
}

/** The `input` argument of the mutation that sends this command; the handler's zod schema checks it. */
export type InputOf<Command extends { readonly input: unknown }> = Command['input'] & MutationInput;

/**
 * Sends a command and gives the mutation's payload:
 *
 *     return mutate(this.bus, context, CreateTask, input, ({ state, id }) => ({ task: taskOfState(id, state) }));
 *
 * @param toThing from the accepted result to what the payload shows beside position and version
 * @param atLeast the role that may do this; members and above unless told
 */
export async function mutate<Input, State>(
  bus: CommandBus,
  context: ApiContext,
  Command: new (input: Input, context: CommandContext) => WorkspaceCommand<Input, State>,
  input: Input & MutationInput,
  toThing: (accepted: Accepted<State>) => object,
  atLeast: Role = 'member',
): Promise<MutationPayload> {
  if (!hasRole(context, atLeast)) {
    const message = `This needs the role ${atLeast} or above; yours is ${context.role}.`;
    return refused(reject('FORBIDDEN', message));
  }
  // A client that sends null says the same as one that sends no version.
  const sent = input.expectedVersion === null ? Object.assign({}, input, { expectedVersion: undefined }) : input;
  const asked = commandContext(context, input.commandId);
  const fingerprint = input.commandId == null ? undefined : fingerprintOf(Command.name, input, input.commandId);
  const result = await bus.execute(new Command(sent, { ...asked, fingerprint }));
  if (result instanceof Rejection) return refused(result);
  return { ...toThing(result), position: result.position, version: result.version, userErrors: [] };
}

/** The context of a command that this request sends. Also for resolvers that send several. */
export function commandContext(context: ApiContext, commandId?: string | null): CommandContext {
  return {
    workspaceId: context.workspaceId,
    actor: context.actor,
    commandId: commandId ?? v7(),
    correlationId: context.requestId,
    source: context.source,
  };
}

/**
 * Enough to tell a repetition from another command under the same id, and too little to find out what was said from it: it stays in the
 * log when the person it is about is forgotten.
 */
const FINGERPRINT_DIGITS = 8;

/** What the client asks for, whichever version it has seen and in whatever order it wrote the fields. */
function fingerprintOf(command: string, input: MutationInput, commandId: string): string {
  const { expectedVersion: _, ...asked } = input;
  const text = JSON.stringify([command, asked], (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : isRecord(value) ? sorted(value) : value,
  );
  return hash('sha256', `${commandId} ${text}`, 'hex').slice(0, FINGERPRINT_DIGITS);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const sorted = (record: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));

function refused(rejection: Rejection): MutationPayload {
  const details = Object.keys(rejection.details).length > 0 ? rejection.details : null;
  const error = { code: rejection.code, message: rejection.message, field: rejection.field, details };
  return { position: null, version: null, userErrors: [error] };
}
