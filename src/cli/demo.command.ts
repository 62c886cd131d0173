/** `teampulse demo`: everything with one command, with a year of a made-up company in it and three questions to ask. */
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { Command } from 'commander';
import { ownConfig, requireConfig, type Config } from '../adapters/config/config.js';
import { EventStoreDbAdapter } from '../adapters/eventstore/eventstore-db.adapter.js';
import { createLogger } from '../adapters/logging/logger.js';
import { PostgresReadDatabase } from '../adapters/postgres/read-database.js';
import { loadSigningKey } from '../adapters/tokens/signing-key.js';
import { TokenService } from '../adapters/tokens/token-service.js';
import { allEvents, allProjections } from '../capabilities.js';
import type { LogPosition } from '../domain/shared/recorded-event.js';
import { WriteSideModule } from '../write-side.module.js';
import { tourQueries } from './demo/queries.js';
import { DEMO_WORKSPACE } from './demo/story.js';
import { countSteps, tell } from './demo/tell.js';
import { CliError } from './failure.js';
import { startProgress } from './progress.js';
import { runService } from './service.js';
import { startInstallation, STOP_TIMEOUT_MS } from './up/installation.js';

/** Long enough to come back to it after a holiday. */
const TOKEN_SECONDS = 30 * 86_400;
/** The read models follow within a second or two; a machine under heavy load may take minutes. */
const FOLLOW_TIMEOUT_MS = 600_000;
const FOLLOW_STEP_MS = 5_000;

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Run everything on this machine, as `up` does, with a year of a made-up company in it: people, presence, projects,\n' +
        'tasks, sales and syncs, the same every time. Prints the address, a token and three queries to try. Run again, it adds nothing.',
    )
    .action(demo);
}

async function demo(): Promise<void> {
  const config = ownConfig();
  const logger = createLogger({ name: 'demo', level: config.logLevel });
  await runService(async (signal) => {
    const installation = await startInstallation(config, logger, signal);
    try {
      await fill(installation.config);
      await introduce(installation.address, config);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }, STOP_TIMEOUT_MS);
}

/** Sends the commands, and waits until the read models show what they led to. */
async function fill(config: Config): Promise<void> {
  const { eventstoreUrl, databaseApiUrl } = requireConfig(config, 'eventstoreUrl', 'databaseApiUrl');
  const store = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  const database = new PostgresReadDatabase(databaseApiUrl);
  const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
  const progress = startProgress('A year of Harbour Bikes', countSteps(), 'commands');
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new CliError('stopped before the demo was complete', 'run it again, and it goes on')); // prettier-ignore
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const position = await tell(app.get(CommandBus), progress, interrupted.signal);
    progress.finish();
    if (position) await followed(database, position, interrupted.signal);
  } catch (error) {
    progress.abandon();
    throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await app.close();
    await Promise.all([store.dispose(), database.close()]);
  }
}

async function followed(database: PostgresReadDatabase, position: LogPosition, signal: AbortSignal): Promise<void> {
  const names = allProjections.map((projection) => projection.name);
  const end = performance.now() + FOLLOW_TIMEOUT_MS;
  while (!signal.aborted) {
    const state = await database.waitForPosition(names, position, FOLLOW_STEP_MS);
    if (state === 'reached') return;
    if (performance.now() > end) {
      throw new CliError(
        `the read model ${state.projection} does not follow the log`,
        'see the messages of the worker above',
      );
    }
    console.error(`Waiting for the read models (${state.projection} is behind) …`);
  }
  signal.throwIfAborted();
}

async function introduce(address: string, { dataFolder, tokenPrivateKey }: Config): Promise<void> {
  const tokens = new TokenService(await loadSigningKey(dataFolder, tokenPrivateKey));
  const claims = { workspaceId: DEMO_WORKSPACE, subject: 'demo-owner', role: 'owner' } as const;
  const token = await tokens.create(claims, TOKEN_SECONDS);
  const tries = tourQueries.map(
    ({ question, query }) => `# ${question}
curl -s ${address}/graphql -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '${JSON.stringify({ query })}'
`,
  );
  console.log(`
TeamPulse is ready with the year 2025 of Harbour Bikes, a made-up company.

  GraphQL in the browser   ${address}
  Workspace                ${DEMO_WORKSPACE}
  Data                     ${dataFolder}

Three things to try, in another terminal. The token is good for 30 days:

TOKEN=${token}

${tries.join('\n')}
Ctrl-C stops it.`);
}
