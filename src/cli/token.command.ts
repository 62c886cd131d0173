/** `teampulse token create`: a bearer token for a workspace. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../adapters/config/config.js';
import { loadSigningKey } from '../adapters/tokens/signing-key.js';
import { ROLE_NAMES, TokenService } from '../adapters/tokens/token-service.js';
import { eventCatalogue } from '../domain/event-catalogue.js';
import { asWorkspaceId } from './arguments.js';

interface Options {
  readonly workspace: string;
  readonly subject: string;
  readonly role: (typeof ROLE_NAMES)[number];
  readonly expires: number;
  readonly operator?: true;
}

/** A token can't be taken back before it ends. */
const MAX_LIFETIME_SECONDS = 366 * 86_400;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

export function tokenCommand(): Command {
  const create = new Command('create')
    .description(
      'Print a bearer token. It is signed with the key in the data folder (TEAMPULSE_DATA) or TOKEN_PRIVATE_KEY.',
    )
    .requiredOption('--workspace <id>', 'the id of the workspace, a UUID', asWorkspaceId)
    .option('--subject <name>', 'who uses it: an id, as it will stand in every event', 'admin')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLE_NAMES).default('member'))
    .option('--operator', 'may also look after the read models of all workspaces: pause, rebuild, roll back')
    .addOption(
      new Option('--expires <duration>', 'how long it lasts: 30m, 8h, 30d')
        .argParser(asSeconds)
        .default(8 * SECONDS.h, '8h'),
    )
    .action(createToken);
  return new Command('token').description('Make bearer tokens.').addCommand(create);
}

async function createToken({ workspace, subject, role, expires, operator }: Options): Promise<void> {
  const config = loadConfig();
  const tokens = new TokenService(await loadSigningKey(config.dataFolder, config.tokenPrivateKey));
  console.log(await tokens.create({ workspaceId: workspace, subject, role, isOperator: operator === true }, expires));
  if (config.eventstoreUrl !== undefined && !(await isKnown(workspace, config.eventstoreUrl))) {
    console.error(`Note: there is no workspace ${workspace} yet; \`teampulse workspace create\` makes one.`);
  }
}

/** Also true when the log can't be asked: a token can be made anywhere, and who makes it elsewhere knows what for. */
async function isKnown(workspaceId: string, eventstoreUrl: string): Promise<boolean> {
  const { EventStoreDbAdapter } = await import('../adapters/eventstore/eventstore-db.adapter.js');
  const log = new EventStoreDbAdapter(eventstoreUrl, eventCatalogue);
  try {
    return (await log.readStream(`workspace-${workspaceId}`)) !== undefined;
  } catch {
    return true;
  } finally {
    await log.dispose();
  }
}

function asSeconds(text: string): number {
  const match = /^(\d{1,8})([smhd])$/.exec(text);
  const unit = match?.[2];
  const seconds = unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' ? Number(match?.[1]) * SECONDS[unit] : 0;
  if (seconds < 1 || seconds > MAX_LIFETIME_SECONDS)
    throw new InvalidArgumentError('a duration is such as 30m, 8h or 30d, at most 366d.');
  return seconds;
}
