/** `teampulse workspace create`: the first thing that a new installation needs. */
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { Command } from 'commander';
import { v7 } from 'uuid';
import { loadConfig, requireConfig } from '../adapters/config/config.js';
import { EventStoreDbAdapter } from '../adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../capabilities.js';
import { CreateWorkspace } from '../commands/workspaces/create-workspace.command.js';
import { Rejection } from '../domain/shared/rejection.js';
import { WriteSideModule } from '../write-side.module.js';
import { asWorkspaceId } from './arguments.js';
import { CliError } from './failure.js';

interface Options {
  readonly id?: string;
  readonly timeZone?: string;
  readonly currency?: string;
}

export function workspaceCommand(): Command {
  const workspace = new Command('workspace').description('Make workspaces. Everything belongs to exactly one.');
  workspace
    .command('create')
    .description('Make a workspace and print its id. Needs EVENTSTORE_URL, or a running `teampulse up`.')
    .argument('<name>', 'what people call it')
    .option(
      '--id <id>',
      'its id, a UUID (default: a new one); again with the same id and name changes nothing',
      asWorkspaceId,
    ) // prettier-ignore
    .option('--time-zone <zone>', 'the zone of its days and months, such as Europe/London (default: UTC)')
    .option('--currency <code>', 'the currency when nothing else is said, such as GBP (default: EUR)')
    .action(create);
  return workspace;
}

async function create(name: string, { id = v7(), timeZone, currency }: Options): Promise<void> {
  const { eventstoreUrl } = requireConfig(loadConfig(), 'eventstoreUrl');
  const store = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: ['error'], abortOnError: false }); // prettier-ignore
  try {
    const commandId = v7();
    const context = { workspaceId: id, actor: { kind: 'system' as const, id: 'cli' }, commandId, correlationId: commandId }; // prettier-ignore
    const made = await app.get(CommandBus).execute(new CreateWorkspace({ name, settings: { timeZone, currency } }, context)); // prettier-ignore
    if (made instanceof Rejection) throw new CliError(`the workspace was not made: ${made.message}`, hintFor(made));
    console.log(id);
    console.error(`Next, a token for it: teampulse token create --workspace ${id} --role owner`);
  } finally {
    await app.close();
    await store.dispose();
  }
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
