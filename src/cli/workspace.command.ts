/** `teampulse workspace create`: the first thing that a new installation needs. */
import { Command } from 'commander';
import { asWorkspaceId } from './arguments.js';
import type { NewWorkspace } from './workspace/create.js';

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
    .action(async (name: string, options: NewWorkspace) => {
      const { create } = await import('./workspace/create.js');
      await create(name, options);
    });
  return workspace;
}
