/** The subcommands of `teampulse`, each in its own file. */
import type { Command } from 'commander';

interface Entry {
  readonly name: string;
  /** The line that `--help` shows. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Loaded only when asked for: the API alone takes longer to load than most commands take to run. */
export const entries: readonly Entry[] = [
  { name: 'up', summary: 'run everything on this machine, nothing to install', load: async () => (await import('./up.command.js')).upCommand() },
  { name: 'demo', summary: '`up` with a year of a plausible company', load: async () => (await import('./demo.command.js')).demoCommand() },
  { name: 'import', summary: 'bring in a file: CSV, XLSX, JSON', load: async () => (await import('./import.command.js')).importCommand() },
  { name: 'gql', summary: 'send a GraphQL query to a running server, print JSON', load: async () => (await import('./gql.command.js')).gqlCommand() },
  { name: 'workspace', summary: 'make a workspace', load: async () => (await import('./workspace.command.js')).workspaceCommand() },
  { name: 'token', summary: 'make bearer tokens', load: async () => (await import('./token.command.js')).tokenCommand() },
  { name: 'events', summary: 'look at the log', load: async () => (await import('./events.command.js')).eventsCommand() },
  { name: 'audit', summary: 'take events out with proof, and verify them offline', load: async () => (await import('./audit.command.js')).auditCommand() },
  { name: 'projections', summary: 'list and rebuild read models', load: async () => (await import('./projections.command.js')).projectionsCommand() },
  { name: 'migrate', summary: 'bring the database schema up to date', load: async () => (await import('./migrate.command.js')).migrateCommand() },
  { name: 'api', summary: 'serve GraphQL', load: async () => (await import('./api.command.js')).apiCommand() },
  { name: 'worker', summary: 'keep the read models up to date, publish events', load: async () => (await import('./worker.command.js')).workerCommand() },
  { name: 'eventstore', summary: 'serve the embedded event store', load: async () => (await import('./eventstore.command.js')).eventstoreCommand() },
]; // prettier-ignore
