/** `teampulse api`: the GraphQL API as a process of its own. */
import { Command } from 'commander';
import { loadConfig } from '../adapters/config/config.js';
import type { ApiServer } from '../main.js';
import { asPort } from './arguments.js';
import { runService } from './service.js';

interface Options {
  readonly host?: string;
  readonly port?: number;
}

/** It serves all the same, and will when they are back; who started it should know now why requests fail. */
async function sayWhatIsMissing(api: ApiServer): Promise<void> {
  for (const part of await api.missing())
    console.error(`teampulse: ${part}: requests that need it are refused until it answers (see /ready)`);
}

export function apiCommand(): Command {
  return new Command('api')
    .description(
      'Serve GraphQL at /graphql, with GraphiQL at /. Needs EVENTSTORE_URL and DATABASE_API_URL, or a running `teampulse up`.\n' +
        'Prints the address once it can be used, and where it can be watched: /health/live, /health/ready and, for\n' +
        'Prometheus, /metrics. Ctrl-C stops it.',
    )
    .option('--host <address>', 'the address to listen on (default: HTTP_HOST, else 127.0.0.1)')
    .option('--port <port>', 'the port to listen on, 0 for any free one (default: HTTP_PORT, else 4000)', asPort)
    .action(async ({ host, port }: Options) => {
      const config = loadConfig();
      await runService(async () => {
        // Loading it takes longer than refusing a wrong option or configuration.
        const { startApi } = await import('../main.js');
        const api = await startApi({ ...config, httpHost: host ?? config.httpHost, httpPort: port ?? config.httpPort });
        console.log(api.address);
        console.log(`figures for Prometheus: ${api.monitorAddress}/metrics`);
        void sayWhatIsMissing(api);
        return api;
      });
    });
}
