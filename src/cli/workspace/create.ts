/** Makes a workspace and prints its id. */
import { CommandBus } from '@nestjs/cqrs';
import { v7 } from 'uuid';
import { loadConfig, requireConfig } from '../../adapters/config/config.js';
import { CreateWorkspace } from '../../commands/workspaces/create-workspace.command.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { CliError } from '../failure.js';
import { withWriteSide } from '../write-side.js';

export interface NewWorkspace {
  readonly id?: string;
  readonly timeZone?: string;
  readonly currency?: string;
}

/** @throws CliError when it is refused */
export async function create(name: string, { id = v7(), timeZone, currency }: NewWorkspace): Promise<void> {
  const { eventstoreUrl } = requireConfig(loadConfig(), 'eventstoreUrl');
  const commandId = v7();
  const context = {
    workspaceId: id,
    actor: { kind: 'system' as const, id: 'cli' },
    commandId,
    correlationId: commandId,
  };
  const command = new CreateWorkspace({ name, settings: { timeZone, currency } }, context);
  const made = await withWriteSide(eventstoreUrl, async (app) => app.get(CommandBus).execute(command));
  if (made instanceof Rejection) throw new CliError(`the workspace was not made: ${made.message}`, hintFor(made));
  console.log(id);
  console.error(`Next, a token for it: teampulse token create --workspace ${id} --role owner`);
}

const OPTION_OF: Readonly<Record<string, string>> = {
  timeZone: '--time-zone',
  currency: '--currency',
  name: 'the name',
};

function hintFor({ field }: Rejection): string {
  const option = OPTION_OF[field.at(-1) ?? ''];
  return option === undefined ? 'choose another --id' : `change ${option}`;
}
